"""OpenVINO: bfloat16 where the processor computes in it (AMX, AVX-512), float32 elsewhere. Optional to install."""

import threading
from typing import Any

import openvino

from inference.bundle import FEATURES_OUTPUT, IMAGE_INPUT, MASK_OUTPUT
from inference.engines.processor import computes_in_bfloat16
from inference.head import Floats


class OpenVino:
    """One stream of one thread; each calling thread has a request of its own, for a request cannot be shared."""

    def __init__(self, model: bytes) -> None:
        precision = "bfloat16" if computes_in_bfloat16() else "float32"
        self.description = f"openvino {openvino.__version__.partition('-')[0]} {precision} 1 thread"
        # bfloat16 keeps 8 bits of each number: a logit of bundle 0.3.0 moved by .035 at most (ADR 7).
        self.tolerance = 0.1 if precision == "bfloat16" else 1e-3
        core = openvino.Core()
        self._compiled = core.compile_model(
            core.read_model(model),
            "CPU",
            {
                "INFERENCE_NUM_THREADS": 1,
                "NUM_STREAMS": 1,
                "INFERENCE_PRECISION_HINT": {"bfloat16": "bf16", "float32": "f32"}[precision],
            },
        )
        self._own = threading.local()

    def run(self, tensor: Floats) -> tuple[Floats, Floats]:
        answer = self._request().infer({IMAGE_INPUT: tensor})
        return answer[FEATURES_OUTPUT], answer[MASK_OUTPUT]

    def _request(self) -> Any:
        if not hasattr(self._own, "request"):
            self._own.request = self._compiled.create_infer_request()
        return self._own.request
