"""How measurements are told."""

from collections.abc import Sequence
from statistics import median


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of all does not pass."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def line(name: str, values: Sequence[float], unit: str) -> str:
    return f"{name:14} p50 {median(values):8.1f}  p95 {percentile(values, 0.95):8.1f}  max {max(values):8.1f} {unit}"
