"""Intervals by bootstrap over lesions (Efron and Tibshirani 1993, percentile method)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Interval:
    """A figure and the 2.5th and 97.5th percentile of its bootstrap."""

    value: float
    low: float
    high: float


def resamples(lesion: NDArray[np.int64], count: int, seed: int = 0) -> list[NDArray[np.int64]]:
    """Row indexes of ``count`` bootstrap samples that draw whole lesions: photos of one are not independent."""
    rng = np.random.default_rng(seed)
    names, place = np.unique(lesion, return_inverse=True)
    rows_of = np.split(np.argsort(place, kind="stable"), np.cumsum(np.bincount(place))[:-1])
    draws = rng.integers(0, len(names), size=(count, len(names)))
    return [np.concatenate([rows_of[i] for i in draw]) for draw in draws]


def interval(value: float, draws: Sequence[float] | NDArray[np.float64]) -> Interval:
    """``value`` with the percentiles of its ``draws``; a draw that says nothing (NaN) is left out."""
    said = np.asarray(draws, dtype=np.float64)
    said = said[~np.isnan(said)]
    if not len(said):
        return Interval(value, float("nan"), float("nan"))
    low, high = np.percentile(said, [2.5, 97.5])
    return Interval(value, float(low), float(high))


def rate(hits: NDArray[np.bool_], lesion: NDArray[np.int64], *, bootstrap: int = 1000) -> Interval:
    """A share of rows with its interval over lesions."""
    draws = [float(hits[rows].mean()) for rows in resamples(lesion, bootstrap)]
    low, high = np.percentile(draws, [2.5, 97.5])
    value = float(hits.mean())
    return Interval(value, min(value, float(low)), max(value, float(high)))
