"""ONNX Runtime in the graph's own precision: what every machine can run and every other engine is held against."""

import onnxruntime

from inference.bundle import FEATURES_OUTPUT, IMAGE_INPUT, MASK_OUTPUT
from inference.head import Floats
from inference.onnx_graph import summarise

# Float32 convolutions differ between machines by about 1e-5. Sums of eight-bit products are exact everywhere, but a
# value on the border between two steps may be rounded to either: a logit moves by up to .005 (ADR 9).
_TOLERANCE = {"float32": 1e-3, "int8": 0.02}


class OnnxRuntime:
    """One thread and a fixed order of operations, so that equal input gives equal bits."""

    def __init__(self, model: bytes) -> None:
        self._precision = "int8" if summarise(model).quantised else "float32"
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.use_deterministic_compute = True
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        # Kept by the session for a change of provider, which never comes: the bytes of the model once more.
        self._session._model_bytes = None  # noqa: SLF001

    @property
    def description(self) -> str:
        return f"onnxruntime {onnxruntime.__version__} {self._precision} 1 thread"

    @property
    def tolerance(self) -> float:
        return _TOLERANCE[self._precision]

    def run(self, tensor: Floats) -> tuple[Floats, Floats]:
        features, mask = self._session.run([FEATURES_OUTPUT, MASK_OUTPUT], {IMAGE_INPUT: tensor})
        return features, mask
