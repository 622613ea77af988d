"""The network behind one method: a picture's tensor in, feature map and mask out.

The engine is opened at the first use and belongs to the process that opened it: threads share it, a forked
worker opens its own (an engine that crossed a fork would wait for threads that do not exist there).
"""

import os
import threading
from collections.abc import Callable

from inference.engines import Engine, EngineName, open_engine
from inference.head import Floats
from inference.memory import release_freed_memory


class Runtime:
    """Runs a serialised graph; one thread, fixed order of operations, so equal input gives equal bits.

    ``read_model`` is asked for the graph each time an engine is opened, so that its bytes need not be kept beside it.
    """

    def __init__(self, read_model: Callable[[], bytes], engine: EngineName = "onnxruntime") -> None:
        self._read_model = read_model
        self._name = engine
        self._lock = threading.Lock()
        self._opened: tuple[int, Engine] | None = None  # by which process; one tuple, so that both are read at once

    @property
    def description(self) -> str:
        """Engine, version, precision and threads; opens the engine, as ``run`` does."""
        return self._open().description

    @property
    def tolerance(self) -> float:
        """How far, in logits, an answer may lie from the stored one."""
        return self._open().tolerance

    def run(self, tensor: Floats) -> tuple[Floats, Floats]:
        """Run one picture.

        Args:
            tensor: (1, 3, H, W) float32, as ``inference.preprocessing`` makes it.

        Returns:
            features (C, h, w) float32 and the lesion mask's logits (h, w) float32.

        Raises:
            BundleError: the engine is not installed or cannot open the model.
            Exception: the engine's own, where it cannot run; of an engine that ran before that may pass.
        """
        features, mask = self._open().run(tensor)  # (1, C, h, w), (1, 1, h, w)
        return features[0], mask[0, 0]

    def _open(self) -> Engine:
        engine = self._own()
        if engine is None:
            with self._lock:
                engine = self._own()
                if engine is None:
                    engine = open_engine(self._name, self._read_model())
                    self._opened = os.getpid(), engine
                    release_freed_memory()
        return engine

    def _own(self) -> Engine | None:
        """The engine that this process opened, if it did."""
        opened = self._opened
        return opened[1] if opened is not None and opened[0] == os.getpid() else None
