"""Weights stored in half precision: half the bytes on disk and in the repository, computed in single precision.

Only convolution kernels are halved, behind a cast that the runtime folds away when it opens the model. All that export
measures and calibrates is measured through the stored weights, so no figure is better than what is served.
"""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

KERNEL_DIMENSIONS = 4  # (out, in, height, width)
_LARGEST = float(np.finfo(np.float16).max)


def halved(serialised: bytes) -> bytes:
    """The same graph with its float32 kernels stored as float16, each behind a ``Cast`` back to float32.

    Raises:
        ValueError: a weight is beyond the range of half precision, 65,504.
    """
    model = onnx.load_from_string(serialised)
    casts: list[onnx.NodeProto] = []
    for tensor in model.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or len(tensor.dims) != KERNEL_DIMENSIONS:
            continue
        values = numpy_helper.to_array(tensor)
        if np.abs(values).max() > _LARGEST:
            raise ValueError(f"The weights {tensor.name} are too large for half precision; store them in single.")
        stored = f"{tensor.name}.half"
        casts.append(helper.make_node("Cast", [stored], [tensor.name], to=TensorProto.FLOAT))
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), stored))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.checker.check_model(model)
    out: bytes = model.SerializeToString()
    return out
