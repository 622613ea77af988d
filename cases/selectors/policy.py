"""The clinic's flag threshold, and what it stands for."""

from typing import Any, NamedTuple

from cases.models import Clinic, ModelVersion


class OperatingPoint(NamedTuple):
    """A malignancy threshold with what was measured at it: (value, low, high) of each rate."""

    threshold: float
    sensitivity: tuple[float, float, float]
    specificity: tuple[float, float, float]


class FlagPolicy(NamedTuple):
    threshold: float
    split: str  # on which held-out data the points were measured
    model_version: ModelVersion
    points: list[OperatingPoint]

    def at(self, threshold: float) -> OperatingPoint | None:
        """The nearest measured point that flags at least as much as this threshold does; None below all of them."""
        lower = [point for point in self.points if point.threshold <= threshold + 1e-9]
        return max(lower, default=None)


def flag_policy(clinic: Clinic) -> FlagPolicy | None:
    """None while no model version is active."""
    active = ModelVersion.objects.of_clinic(clinic).active().first()
    if active is None:
        return None
    table = active.thresholds
    points = sorted(_point(values) for values in (*table["operating_points"], table["malignancy"]))
    threshold = clinic.flag_threshold if clinic.flag_threshold is not None else active.flag_threshold
    return FlagPolicy(threshold, table["split"], active, points)


def _point(values: dict[str, Any]) -> OperatingPoint:
    return OperatingPoint(values["threshold"], _rate(values["sensitivity"]), _rate(values["specificity"]))


def _rate(values: dict[str, float]) -> tuple[float, float, float]:
    return (values["value"], values["low"], values["high"])
