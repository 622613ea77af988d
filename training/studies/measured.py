"""What each study measures of one set of answers: a few figures with intervals, as cells of a table and as values."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from inference.vocabulary import DIAGNOSES
from training.metrics import FIGURES, Answers, Interval, balanced_accuracy, interval, resamples
from training.reporting.report import Cell

BALANCED = "balanced_accuracy (p/prior)"
Found = dict[str, Interval]


def measure(a: Answers, names: Sequence[str], *, bootstrap: int) -> Found:
    """The figures called ``names`` (of ``metrics.FIGURES``) with 95 % intervals over lesions."""
    samples = resamples(a.lesion, bootstrap)
    found = {}
    for name in names:
        if name == BALANCED:
            found[name] = interval(recall_balanced(a), balanced_draws(a, samples))
        else:
            found[name] = interval(FIGURES[name](a), [FIGURES[name](a.take(rows)) for rows in samples])
    return found


def balanced_draws(a: Answers, samples: Sequence[NDArray[np.int64]]) -> NDArray[np.float64]:
    """Balanced accuracy (p/prior) of each resample, as one product of matrices: hundreds of times faster."""
    times = np.stack([np.bincount(rows, minlength=len(a.target)) for rows in samples]).astype(np.float64)  # (B,N)
    of_class = np.eye(len(DIAGNOSES))[a.target]  # (N,7)
    drawn = times @ of_class
    right = times @ (of_class * (a.scores.argmax(1) == a.target)[:, None])
    with np.errstate(invalid="ignore"):  # a class that a resample misses says nothing there
        return np.asarray(np.nanmean(right / drawn, axis=1))


def compare(
    a: Answers, b: Answers, of: Callable[[Answers, Answers], float], *, bootstrap: int, seed: int = 0
) -> Interval:
    """``of(a, b)`` with its interval; resamples are paired, both answer the same lesions each time.

    Raises ``ValueError`` when the two do not answer the same pictures in the same order.
    """
    check_same_pictures(a, b)
    draws = [of(a.take(rows), b.take(rows)) for rows in resamples(a.lesion, bootstrap, seed)]
    return interval(of(a, b), draws)


def gain(a: Answers, b: Answers, *, bootstrap: int) -> Interval:
    """Balanced accuracy (p/prior) of ``a`` less that of ``b``, paired as in ``compare``."""
    check_same_pictures(a, b)
    samples = resamples(a.lesion, bootstrap)
    return interval(recall_balanced(a) - recall_balanced(b), balanced_draws(a, samples) - balanced_draws(b, samples))


def check_same_pictures(a: Answers, b: Answers) -> None:
    """Raise ``ValueError`` when the two do not answer the same pictures in the same order."""
    if not np.array_equal(a.target, b.target) or not np.array_equal(a.lesion, b.lesion):
        raise ValueError("The two do not answer the same pictures in the same order: use one split and one side.")


def recall_balanced(a: Answers) -> float:
    """Balanced accuracy of the p/prior decision."""
    return balanced_accuracy(a.target, a.scores.argmax(1))


def columns(names: Sequence[str]) -> list[str]:
    """Three columns a figure: the value and both ends of its interval."""
    return [f"{name}{end}" for name in names for end in ("", " low", " high")]


def cells(found: Found) -> list[Cell]:
    return [cell(value) for one in found.values() for value in (one.value, one.low, one.high)]


def cell(value: float) -> Cell:
    """A figure that could not be computed (a class without rows) is empty, in a table and in JSON."""
    return None if math.isnan(value) else value


def plain(found: Interval) -> dict[str, Cell]:
    return {"value": cell(found.value), "low": cell(found.low), "high": cell(found.high)}


def text(found: Interval) -> str:
    return f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}]"


def spread(found: Sequence[Interval]) -> NDArray[np.float64]:
    """(2,N): how far each interval reaches below and above its figure, for error bars."""
    reach = [(one.value - one.low, one.high - one.value) for one in found]
    return np.asarray(np.maximum(np.array(reach).reshape(-1, 2).T, 0))
