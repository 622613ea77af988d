"""A graph whose convolutions are computed in eight bits: a fraction of the time where a processor is made for it.

Static quantisation of ONNX Runtime (Jacob et al. 2018): the range of each activation is seen on real pictures, a kernel
has a scale for each output channel. Kernels keep seven bits: processors without VNNI add products of eight-bit numbers
in pairs of sixteen bits, and eight-bit kernels would overflow there and answer otherwise than elsewhere.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from inference.bundle import IMAGE_INPUT
from inference.onnx_graph import summarise

Floats = NDArray[np.float32]


def quantised(model: bytes, pictures: Iterable[Floats]) -> bytes:
    """The graph in eight bits. ``pictures`` (1,3,H,W) are standardised, of the training side, some hundred of them.

    Features and mask leave it as float32, as before.

    Raises:
        ValueError: there are no pictures, or the graph is quantised already.
    """
    if summarise(model).quantised:
        raise ValueError("This graph is quantised already; give the one that it was made from.")
    seen = _Seen(pictures)
    with tempfile.TemporaryDirectory() as folder:
        given, prepared, made = (str(Path(folder) / f"{name}.onnx") for name in ("given", "prepared", "made"))
        Path(given).write_bytes(single(model))
        quant_pre_process(given, prepared, skip_symbolic_shape=True)
        quantize_static(
            prepared,
            made,
            seen,
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        return Path(made).read_bytes()


def single(serialised: bytes) -> bytes:
    """The graph with kernels in single precision where ``storage.halved`` has stored them in half."""
    model = onnx.load_from_string(serialised)
    halves = {tensor.name: tensor for tensor in model.graph.initializer if tensor.data_type == TensorProto.FLOAT16}
    kept: list[onnx.NodeProto] = []
    for node in model.graph.node:
        if node.op_type == "Cast" and node.input[0] in halves:
            tensor = halves[node.input[0]]
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float32), node.output[0]))
        else:
            kept.append(node)
    del model.graph.node[:]
    model.graph.node.extend(kept)
    onnx.checker.check_model(model)
    out: bytes = model.SerializeToString()
    return out


class _Seen(CalibrationDataReader):  # type: ignore[misc]  # the library has no types
    """Hands the pictures over one by one."""

    def __init__(self, pictures: Iterable[Floats]) -> None:
        self._pictures: Iterator[Floats] = iter(pictures)
        self._first: Floats | None = next(self._pictures, None)
        if self._first is None:
            raise ValueError("Without pictures no range of any activation is known; give some of the training side.")

    def get_next(self) -> dict[str, Floats] | None:
        if self._first is not None:
            picture, self._first = self._first, None
            return {IMAGE_INPUT: picture}
        later = next(self._pictures, None)
        return None if later is None else {IMAGE_INPUT: later}
