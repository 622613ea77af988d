"""ONNX Runtime behind one method: a picture's tensor in, feature map and mask out.

The session is made at the first use and belongs to the process that made it: threads share it, a forked
worker makes its own (a session that crossed a fork would wait for threads that do not exist there).
"""

import os
import threading
from typing import Any

from inference.bundle import FEATURES_OUTPUT, IMAGE_INPUT, MASK_OUTPUT
from inference.errors import BundleError
from inference.head import Floats


class Runtime:
    """Runs a serialised graph; one thread, fixed order of operations, so equal input gives equal bits."""

    def __init__(self, model: bytes) -> None:
        self._model = model
        self._lock = threading.Lock()
        self._session: Any = None
        self._owner = 0

    def run(self, tensor: Floats) -> tuple[Floats, Floats]:
        """Run one picture.

        Args:
            tensor: (1, 3, H, W) float32, as ``inference.preprocessing`` makes it.

        Returns:
            features (C, h, w) float32 and the lesion mask's logits (h, w) float32.

        Raises:
            BundleError: the runtime cannot open the model.
        """
        outputs = self._open().run([FEATURES_OUTPUT, MASK_OUTPUT], {IMAGE_INPUT: tensor})
        features, mask = outputs  # (1, C, h, w), (1, 1, h, w)
        return features[0], mask[0, 0]

    def _open(self) -> Any:
        if self._session is None or self._owner != os.getpid():
            with self._lock:
                if self._session is None or self._owner != os.getpid():
                    self._session = _new_session(self._model)
                    self._owner = os.getpid()
        return self._session


def _new_session(model: bytes) -> Any:
    # Imported here so that a web process which only reads manifests never loads the runtime.
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.use_deterministic_compute = True
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # noqa: BLE001  the runtime's own exceptions share no base class
        raise BundleError(f"The runtime cannot open the model: {error}") from None
