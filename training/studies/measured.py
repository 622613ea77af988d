"""What each study measures of one set of answers: a few figures with intervals, as cells of a table and as values."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from training.metrics import BALANCED, FIGURES, Answers, Interval, balanced_draws, interval, recall_balanced, resamples
from training.reporting.report import Cell

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
