"""What the validation side alone decides, and how it turns scores into probabilities, sets and flags."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.manifest import SetRule
from inference.vocabulary import DIAGNOSES, MALIGNANT, SEVERITY
from training.evaluation.calibration import (
    BORROWED,
    FEW_LESIONS,
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
RULE: SetRule = "limits-first"

_IS_MALIGNANT = np.array([code in MALIGNANT for code in DIAGNOSES])
_BY_SEVERITY = np.array([DIAGNOSES.index(code) for code in SEVERITY])


@dataclass(frozen=True)
class Fitted:
    """What validation alone decides: a temperature and the conformal quantiles of each path, the flag threshold."""

    log_prior: NDArray[np.float64]
    temperature: dict[str, float]
    quantiles: dict[str, NDArray[np.float64]]
    threshold: float
    borrowed: float  # rows
    borrowing: dict[str, int]  # the classes that borrow, with the lesions that they had

    def answers(self, judged: Judged, path: str) -> Answers:
        p = probabilities(getattr(judged, path), self.temperature[path], self.log_prior)
        return judged.answers(path, p)

    def sets(self, answers: Answers, path: str) -> NDArray[np.bool_]:
        """Prediction sets (N,7) by ``RULE``, as ``inference.uncertainty.prediction_set`` makes them one by one."""
        return prediction_sets(answers.p, self.quantiles[path])


def prediction_sets(p: NDArray[np.float64], quantiles: NDArray[np.float64], rule: SetRule = RULE) -> NDArray[np.bool_]:
    """Prediction sets (N,7) of calibrated ``p`` (N,7) under ``quantiles``, (7,) or those of each row (N,7)."""
    sets: NDArray[np.bool_] = 1 - p <= quantiles
    likeliest = _BY_SEVERITY[p[:, _BY_SEVERITY].argmax(axis=1)]  # of equals the most severe, as the runtime has it
    kept = _IS_MALIGNANT[likeliest] | ~sets.any(axis=1) | (rule == "likeliest-always")
    sets[kept, likeliest[kept]] = True
    return sets


def benign_only(rows: float) -> NDArray[np.float64]:
    """How many ``rows`` each class (7,) borrows: a malignant one none, since a loan can take it out of sets."""
    return np.where(_IS_MALIGNANT, 0.0, rows)


def fit(judged: Judged, log_prior: NDArray[np.float64]) -> Fitted:
    """Fit everything that turns scores into statements, on held-out rows."""
    temperature = {path: fit_temperature(getattr(judged, path), judged.target, log_prior) for path in PATHS}
    p = probabilities(judged.fused, temperature["fused"], log_prior)
    fused = judged.answers("fused", p)
    threshold = threshold_at_sensitivity(fused.malignancy, fused.malignant, FLAG_SENSITIVITY)
    return fit_sets(judged, log_prior, temperature, threshold)


def fit_sets(
    judged: Judged,
    log_prior: NDArray[np.float64],
    temperature: dict[str, float],
    threshold: float,
    *,
    borrowed: float = BORROWED,
) -> Fitted:
    """Fit the prediction sets alone, on held-out rows; all else is given."""
    loans = benign_only(borrowed)
    quantiles = {
        path: conformal_quantiles(
            probabilities(getattr(judged, path), temperature[path], log_prior),
            judged.target,
            judged.lesion,
            ALPHA,
            borrowed=loans,
        )
        for path in PATHS
    }
    lesions = {k: len(np.unique(judged.lesion[judged.target == k])) for k in np.flatnonzero(loans)}
    borrowing = {DIAGNOSES[k]: seen for k, seen in lesions.items() if 0 < seen < FEW_LESIONS}
    return Fitted(log_prior, temperature, quantiles, threshold, borrowed, borrowing)
