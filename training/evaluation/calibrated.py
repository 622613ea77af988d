"""Calibration before and after the temperature: of the class that is named, and of malignancy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from training.evaluation.predicted import Predicted
from training.metrics import (
    Answers,
    Bin,
    Interval,
    brier_score,
    expected_calibration_error,
    interval,
    mean_gap,
    reliability,
    resamples,
)

STATES = ("before", "after")

FIGURES: dict[str, Callable[[Answers], float]] = {
    "calibration error (arg-max p)": expected_calibration_error,
    "calibration error (malignancy)": lambda a: mean_gap(reliability(a.malignancy, a.malignant)),
    "Brier score": brier_score,
}


def _states(predicted: Predicted) -> dict[str, Answers]:
    return {"before": replace(predicted.answers, p=predicted.uncalibrated), "after": predicted.answers}


def calibration(predicted: Predicted, *, bootstrap: int = 1000) -> dict[str, dict[str, Interval]]:
    """By state and figure, with 95 % intervals over lesions."""
    samples = resamples(predicted.answers.lesion, bootstrap)
    return {
        state: {name: interval(of(a), [of(a.take(rows)) for rows in samples]) for name, of in FIGURES.items()}
        for state, a in _states(predicted).items()
    }


def reliability_panels(predicted: Predicted) -> dict[str, dict[str, list[Bin]]]:
    """Bins of equal mass to draw: panel → state → bins."""
    states = _states(predicted)
    named = {name: reliability(a.p.max(axis=1), a.guess("arg-max p") == a.target) for name, a in states.items()}
    malignant = {name: reliability(a.malignancy, a.malignant) for name, a in states.items()}
    return {"the class that is named (arg-max p)": named, "malignancy": malignant}
