"""Is the picture fit to be judged at all? Nine numbers with units, each with the limit it is held to.

The limits were set on the validation side of HAM10000 (at 200×150 px). Together they refuse 1.9 % of 209 pictures there
and .5 % of the 1,004 of the test side (2026-11-26); ``python -m training quality`` measures them. They catch what is
plainly unfit; they do not grade good pictures.

None of them asks how dark the skin is. Fine detail, contrast, hair and the lesion's place are told as shares of the
picture's own brightness; under-exposure is told by the red channel, because melanin absorbs red least: well exposed
skin of any tone reflects far more of it than the limit.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.artefacts import Artefacts, find_artefacts
from inference.decoding import decode_for
from inference.manifest import InputSpec
from inference.neighbourhood import mean_around, opening
from inference.preprocessing import Prepared, prepare

_LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601
_CLIPPED_FROM = 250  # grey levels
_GLARE_FROM = (235, 220)  # grey levels of luma, and of the darkest channel: a lamp's reflection is white
_GLARE_REACH, _GLARE_STEP = 10, 25  # pixels around, and grey levels that it stands out from them
_GLARE_LONGEST = 33  # pixels across
_LESION_DARKER = 0.15  # than the skin, as a share of the skin's brightness
_LESION_LEAST = 0.005  # share of the area; with less there is nothing to be off the frame


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
        """Reason codes of what is outside its range.

        They are blur, flat, under_exposed, over_exposed, glare, too_small, lesion_off_frame, occluded and cropped.
        """
        failed = (item.reason for item in self.measurements if not item.accepted)
        return tuple(dict.fromkeys(failed))

    @property
    def acceptable(self) -> bool:
        """Whether nothing speaks against judging the picture."""
        return not self.reasons


def assess_file(data: bytes, spec: InputSpec) -> QualityReport:
    """Measure a picture by itself, as ``Predictor.predict`` does on its way to an answer.

    Args:
        data: the bytes of a JPEG, PNG or WebP.
        spec: the input of the bundle that will judge it.

    Raises:
        ImageRefused: as ``inference.decoding.decode`` does.
    """
    upright = decode_for(data, spec.width, spec.height)
    return assess(prepare(upright.image, spec, upright.size))


def assess(prepared: Prepared, artefacts: Artefacts | None = None) -> QualityReport:
    """Measure a picture as the network sees it, so that megapixels cannot hide a blur.

    ``artefacts`` of ``prepared.pixels``, where they are known already.
    """
    pixels = prepared.pixels
    luma = pixels @ _LUMA  # (H, W), grey levels 0 to 255
    skin = max(float(np.percentile(luma, 90)), 1.0)  # the bright part, which a lesion does not darken
    red = float(np.percentile(pixels[..., 0], 90))
    clipped = float((luma >= _CLIPPED_FROM).mean())
    box = prepared.geometry.box
    pixel_ratio = (box[2] - box[0]) / luma.shape[1]
    covered = (find_artefacts(pixels) if artefacts is None else artefacts).share
    return QualityReport(
        (
            Measurement("detail", _detail(luma) / skin, "share of brightness", 0.04, np.inf, "blur"),
            Measurement("contrast", float(luma.std()) / skin, "share of brightness", 0.02, np.inf, "flat"),
            Measurement("red", red, "grey levels", 60.0, 255.0, "under_exposed"),
            Measurement("clipped", clipped, "share of area", 0.0, 0.2, "over_exposed"),
            Measurement("glare", _glare(pixels, luma), "share of area", 0.0, 0.01, "glare"),
            Measurement("resolution", pixel_ratio, "pixels per input pixel", 0.75, np.inf, "too_small"),
            Measurement("off_centre", _off_centre(luma, skin), "share of half the side", 0.0, 0.65, "lesion_off_frame"),
            Measurement("covered", covered, "share of area", 0.0, 0.18, "occluded"),
            Measurement("kept", prepared.geometry.kept_share, "share of area", 0.5, 1.0, "cropped"),
        )
    )


def _detail(luma: NDArray[np.float64]) -> float:
    """The 99th percentile of the absolute Laplacian, in grey levels: how strong the finest edges are."""
    centre = luma[1:-1, 1:-1]
    neighbours = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:]
    return float(np.percentile(np.abs(neighbours - 4 * centre), 99))


def _glare(pixels: NDArray[np.uint8], luma: NDArray[np.float64]) -> float:
    """Share of the area that is white, small and stands out: a reflection, not paper and not an over-exposed field."""
    white = (luma >= _GLARE_FROM[0]) & (pixels.min(axis=2) >= _GLARE_FROM[1])
    if not white.any():
        return 0.0
    for direction in ((0, 1), (1, 0)):
        white &= ~opening(white, direction, _GLARE_LONGEST)
    return float((white & (luma - mean_around(luma, _GLARE_REACH) > _GLARE_STEP)).mean())


def _off_centre(luma: NDArray[np.float64], skin: float) -> float:
    """How far from the middle the centre of what is darker than the skin lies; 1 is the border, 0 also without any.

    The black corners of a round field of view are left out.
    """
    rows, columns = (np.linspace(-1, 1, size) for size in luma.shape)
    depth = np.clip(1 - luma / skin - _LESION_DARKER, 0, None)
    depth[(rows[:, None] ** 2 + columns[None] ** 2 > 0.9) & (luma < 0.35 * skin)] = 0
    if (depth > 0).mean() < _LESION_LEAST:
        return 0.0
    down, right = depth.sum(axis=1) @ rows, depth.sum(axis=0) @ columns
    return float(max(abs(down), abs(right)) / depth.sum())
