"""Milliseconds of several ways to do a thing, taken in turns: what disturbs the machine disturbs all of them alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from statistics import median

from tests.load.figures import percentile

Times = Mapping[str, list[float]]


def interleaved(ways: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Each way once to warm up, then ``rounds`` times in turns."""
    for way in ways.values():
        way()
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            times[name].append(1000 * (time.perf_counter() - start))
    return times


def ratio(times: Times, over: str, under: str) -> float:
    """The median over the rounds of one way's time by the other's in the same round."""
    return round(median(a / b for a, b in zip(times[over], times[under], strict=True)), 3)


def told(times: Times) -> dict[str, dict[str, float]]:
    return {
        name: {"p50": round(median(values), 2), "p99": round(percentile(values, 0.99), 2), "n": len(values)}
        for name, values in times.items()
    }
