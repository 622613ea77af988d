"""What is measured of our own side: the network with and without heatmaps, and the whole way from bytes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from inference.calibration import probabilities
from inference.gradcam import as_bytes, class_heat, peaks
from inference.head import Floats
from inference.metadata import Metadata
from inference.predictor import Predictor
from inference.runtime import Runtime
from tests.drawings import jpeg

KNOWN = Metadata(age=60, sex="female", localization="back")
SIZE = (600, 450)  # HAM10000's


def steps(predictor: Predictor, runtime: Runtime, tensor: Floats) -> dict[str, Callable[[], object]]:
    """Ways to predict and explain one standardised picture, beside those of ``rivals.explainers``."""
    head, manifest = predictor.bundle.head, predictor.bundle.manifest

    def predict() -> Floats:
        features, _ = runtime.run(tensor)
        probabilities(head.image_logits(features.mean(axis=(1, 2), dtype=np.float32)), manifest, fused=False)
        return features

    def explained(classes: int) -> object:
        heat = class_heat(head.W[:classes], predict())
        return as_bytes(heat), peaks(heat)

    return {
        "predict": predict,
        "predict + 1 heatmap": lambda: explained(1),
        "predict + 7 heatmaps": lambda: explained(7),
    }


def stages(predictor: Predictor, pictures: int) -> dict[str, list[float]]:
    """Stage → milliseconds of each picture, bytes to everything; the runtime is open before the clock starts."""
    predictor.predict(jpeg(0, SIZE), KNOWN)
    found: dict[str, list[float]] = {}
    for number in range(pictures):
        for name, ms in predictor.predict(jpeg(number % 20, SIZE), KNOWN).timings.items():
            found.setdefault(name, []).append(ms)
    return found
