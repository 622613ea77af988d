"""What the validation side alone decides, and how it turns scores into probabilities, sets and flags."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.evaluation.calibration import (
    conformal_quantiles,
    fit_temperature,
    probabilities,
    threshold_at_sensitivity,
)
from training.evaluation.judged import Judged
from training.metrics import Answers

ALPHA = 0.1  # prediction sets hold the truth at 90 % a class
FLAG_SENSITIVITY = 0.95  # of malignant validation pictures that the shipped threshold flags
PATHS = ("fused", "image")


@dataclass(frozen=True)
class Fitted:
    """What validation alone decides: a temperature and the conformal quantiles of each path, the flag threshold."""

    log_prior: NDArray[np.float64]
    temperature: dict[str, float]
    quantiles: dict[str, NDArray[np.float64]]
    threshold: float

    def answers(self, judged: Judged, path: str) -> Answers:
        p = probabilities(getattr(judged, path), self.temperature[path], self.log_prior)
        return judged.answers(path, p)

    def sets(self, answers: Answers, path: str) -> NDArray[np.bool_]:
        """Prediction sets (N,7): each class whose p is near enough to 1, and never empty."""
        sets: NDArray[np.bool_] = 1 - answers.p <= self.quantiles[path]
        sets[np.arange(len(sets)), answers.p.argmax(1)] = True
        return sets


def fit(judged: Judged, log_prior: NDArray[np.float64]) -> Fitted:
    """Fit everything that turns scores into statements, on held-out rows."""
    temperature = {path: fit_temperature(getattr(judged, path), judged.target, log_prior) for path in PATHS}
    p = {path: probabilities(getattr(judged, path), temperature[path], log_prior) for path in PATHS}
    quantiles = {path: conformal_quantiles(p[path], judged.target, ALPHA) for path in PATHS}
    fused = judged.answers("fused", p["fused"])
    threshold = threshold_at_sensitivity(fused.malignancy, fused.malignant, FLAG_SENSITIVITY)
    return Fitted(log_prior, temperature, quantiles, threshold)
