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
    rows, photos = np.argsort(place, kind="stable"), np.bincount(place)
    first = np.cumsum(photos) - photos  # where each lesion's rows begin
    return [rows[_spans(first[draw], photos[draw])] for draw in rng.integers(0, len(names), size=(count, len(names)))]


def _spans(first: NDArray[np.int64], length: NDArray[np.int64]) -> NDArray[np.int64]:
    """The numbers first, first + 1, … of each span, one span behind the other."""
    before = np.cumsum(length) - length
    spans: NDArray[np.int64] = np.repeat(first - before, length) + np.arange(length.sum())
    return spans


def interval(value: float, draws: Sequence[float] | NDArray[np.float64]) -> Interval:
    """``value`` with the percentiles of its ``draws``; a draw that says nothing (NaN) is left out."""
    said = np.asarray(draws, dtype=np.float64)
    said = said[~np.isnan(said)]
    if not len(said):
        return Interval(value, float("nan"), float("nan"))
    low, high = np.percentile(said, [2.5, 97.5])
    return Interval(value, float(low), float(high))


def rate(hits: NDArray[np.bool_ | np.int64], lesion: NDArray[np.int64], *, bootstrap: int = 1000) -> Interval:
    """A share of rows, or their mean count, with its interval over lesions."""
    draws = [float(hits[rows].mean()) for rows in resamples(lesion, bootstrap)]
    low, high = np.percentile(draws, [2.5, 97.5])
    value = float(hits.mean())
    return Interval(value, min(value, float(low)), max(value, float(high)))


def two_sided_p(draws: Sequence[float] | NDArray[np.float64]) -> float:
    """Twice the share of ``draws`` on the rarer side of zero, at most 1 (Efron and Tibshirani 1993, chapter 15).

    One draw is added on that side: a p from B draws is never below 2/(B+1). NaN where no draw says anything.
    """
    said = np.asarray(draws, dtype=np.float64)
    said = said[~np.isnan(said)]
    if not len(said):
        return float("nan")
    rarer = min((said <= 0).sum(), (said >= 0).sum())
    return min(1.0, 2 * (float(rarer) + 1) / (len(said) + 1))


def holm(p: Sequence[float]) -> list[float]:
    """Each of several p, corrected for the others (Holm 1979), in their order: below .05 keeps the chance of a single
    false find among all of them below 5 %, however they depend on each other.

    The smallest of m is multiplied by m, the next by m − 1, …; none falls below one before it. NaN is no comparison.
    """
    known = sorted((value, i) for i, value in enumerate(p) if not np.isnan(value))
    corrected, least = [float("nan")] * len(p), 0.0
    for rank, (value, i) in enumerate(known):
        least = max(least, min(1.0, (len(known) - rank) * value))
        corrected[i] = least
    return corrected
