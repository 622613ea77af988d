"""Whether a probability means what it says."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from inference.vocabulary import DIAGNOSES
from training.metrics.answers import Answers, Floats


class Bin(NamedTuple):
    """``rows`` pictures of neighbouring confidence: what was said of them on average, and the share that was so."""

    rows: int
    said: float
    true: float


def reliability(said: Floats, true: NDArray[np.bool_], bins: int = 15) -> list[Bin]:
    """Rows in the order of what was said (N,), in bins of equal mass (Nixon et al. 2019)."""
    parts = np.array_split(np.argsort(said, kind="stable"), bins)
    return [Bin(len(part), float(said[part].mean()), float(true[part].mean())) for part in parts if len(part)]


def mean_gap(bins: list[Bin]) -> float:
    """Mean distance of said and true over rows, 0–1: the expected calibration error of these bins."""
    return float(sum(part.rows * abs(part.said - part.true) for part in bins) / sum(part.rows for part in bins))


def expected_calibration_error(a: Answers, bins: int = 15) -> float:
    """``mean_gap`` of confidence and accuracy of the arg-max p, over bins of equal mass."""
    return mean_gap(reliability(a.p.max(axis=1), a.p.argmax(axis=1) == a.target, bins))


def brier_score(a: Answers) -> float:
    """Mean squared distance of p from the truth, summed over classes; 0 is perfect, 2 is worst."""
    return float(((a.p - np.eye(len(DIAGNOSES))[a.target]) ** 2).sum(axis=1).mean())
