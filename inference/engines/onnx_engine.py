"""ONNX Runtime in float32: what every machine can run, and what every other engine is held against."""

import onnxruntime

from inference.bundle import FEATURES_OUTPUT, IMAGE_INPUT, MASK_OUTPUT
from inference.head import Floats


class OnnxRuntime:
    """One thread and a fixed order of operations, so that equal input gives equal bits."""

    description = f"onnxruntime {onnxruntime.__version__} float32 1 thread"
    tolerance = 1e-3  # float32 convolutions differ between machines by about 1e-5

    def __init__(self, model: bytes) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.use_deterministic_compute = True
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        # Kept by the session for a change of provider, which never comes: the bytes of the model once more.
        self._session._model_bytes = None  # noqa: SLF001

    def run(self, tensor: Floats) -> tuple[Floats, Floats]:
        features, mask = self._session.run([FEATURES_OUTPUT, MASK_OUTPUT], {IMAGE_INPUT: tensor})
        return features, mask
