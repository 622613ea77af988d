"""Is the picture fit to be judged at all? Six numbers with units, each with the limit it is held to.

The limits were set so that none of the 10,015 pictures of HAM10000 (at 200×150 px) is refused, while a
Gaussian blur of 1 % of the width (sigma) is refused in 97 % of them. They catch what is plainly unfit;
they do not grade good pictures.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.preprocessing import Prepared

_LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601
_CLIPPED_FROM = 250  # grey levels


@dataclass(frozen=True)
class Measurement:
    """A number with its unit and the closed range in which it is accepted; ``reason`` when outside."""

    name: str
    value: float
    unit: str
    low: float
    high: float
    reason: str

    @property
    def accepted(self) -> bool:
        """Whether the value lies within its range."""
        return self.low <= self.value <= self.high


@dataclass(frozen=True)
class QualityReport:
    """All measurements of one picture."""

    measurements: tuple[Measurement, ...]

    @property
    def reasons(self) -> tuple[str, ...]:
        """Reason codes of what is outside its range: blur, flat, under_exposed, over_exposed, too_small, cropped."""
        failed = (item.reason for item in self.measurements if not item.accepted)
        return tuple(dict.fromkeys(failed))

    @property
    def acceptable(self) -> bool:
        """Whether nothing speaks against judging the picture."""
        return not self.reasons


def assess(prepared: Prepared) -> QualityReport:
    """Measure a picture as the network sees it, so that megapixels cannot hide a blur."""
    luma = prepared.pixels @ _LUMA  # (H, W), grey levels 0 to 255
    mean = float(luma.mean())
    box = prepared.geometry.box
    pixel_ratio = (box[2] - box[0]) / luma.shape[1]
    clipped = float((luma >= _CLIPPED_FROM).mean())
    return QualityReport(
        (
            Measurement("detail", _detail(luma), "grey levels", 6.0, np.inf, "blur"),
            Measurement("contrast", float(luma.std()), "grey levels", 4.0, np.inf, "flat"),
            Measurement("brightness", mean, "grey levels", 50.0, 235.0, _exposure(mean)),
            Measurement("clipped", clipped, "share of area", 0.0, 0.3, "over_exposed"),
            Measurement("resolution", pixel_ratio, "pixels per input pixel", 0.75, np.inf, "too_small"),
            Measurement("kept", prepared.geometry.kept_share, "share of area", 0.5, 1.0, "cropped"),
        )
    )


def _exposure(mean: float) -> str:
    return "under_exposed" if mean < 128 else "over_exposed"


def _detail(luma: NDArray[np.float64]) -> float:
    """The 99th percentile of the absolute Laplacian: how strong the finest edges are."""
    centre = luma[1:-1, 1:-1]
    neighbours = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:]
    return float(np.percentile(np.abs(neighbours - 4 * centre), 99))
