"""Is the picture fit to be judged at all? Ten numbers with units, each with the limit it is held to.

The limits were set on the validation side of HAM10000 (at 200×150 px); ``python -m training quality`` measures what
they refuse on the test side (docs/results). They catch what is plainly unfit; they do not grade good pictures.

None of them asks how dark the skin is. Fine detail, contrast, hair and the lesion's place are told as shares of the
picture's own brightness; under-exposure is told by the red channel, because melanin absorbs red least. A picture of
light skin with less than half its light, and a well exposed one of very dark skin, are the same numbers: what only
darkness speaks against gets a hint that blames no skin, and a refusal below 60 alone (ADR 13).
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
_JPEG_BLOCK = 8  # pixels of the original
_WAVES = np.arange(1, 4)  # of a pattern that repeats with the blocks, how many are counted
_SHORTEST_BLOCK = 6  # pixels of the input: smaller ones are averaged away with all three waves
_LESION_DARKER = 0.15  # than the skin, as a share of the skin's brightness
_LESION_LEAST = 0.005  # share of the area; with less there is nothing to be off the frame


@dataclass(frozen=True)
class Measurement:
    """A number with its unit and the closed range in which it is accepted; ``reason`` when outside.

    ``hint`` names what may be wrong where it is accepted, but below ``hint_below``.
    """

    name: str
    value: float
    unit: str
    low: float
    high: float
    reason: str
    hint_below: float = -np.inf
    hint: str = ""

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

        They are blur, flat, under_exposed, over_exposed, glare, too_small, lesion_off_frame, occluded, cropped and
        compressed.
        """
        failed = (item.reason for item in self.measurements if not item.accepted)
        return tuple(dict.fromkeys(failed))

    @property
    def hints(self) -> tuple[str, ...]:
        """Codes of what may be wrong and is no reason to refuse: dim."""
        return tuple(item.hint for item in self.measurements if item.accepted and item.value < item.hint_below)

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
            Measurement("red", red, "grey levels", 60.0, 255.0, "under_exposed", hint_below=95.0, hint="dim"),
            Measurement("clipped", clipped, "share of area", 0.0, 0.2, "over_exposed"),
            Measurement("glare", _glare(pixels, luma), "share of area", 0.0, 0.01, "glare"),
            Measurement("resolution", pixel_ratio, "pixels per input pixel", 0.75, np.inf, "too_small"),
            Measurement("blocks", _blocks(luma, pixel_ratio), "grey levels", 0.0, 0.28, "compressed"),
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


def _blocks(luma: NDArray[np.float64], pixel_ratio: float) -> float:
    """How much stronger steps repeat with JPEG's blocks than they would by chance, in the direction where it is less.

    0 where the picture is more than a third wider than the input: its blocks are averaged away on the way there.
    """
    pitch = _JPEG_BLOCK / pixel_ratio
    return min(_repeated(luma, pitch), _repeated(luma.T, pitch)) if pitch >= _SHORTEST_BLOCK else 0.0


def _repeated(luma: NDArray[np.float64], pitch: float) -> float:
    """The mean amplitude, in grey levels, of the first three waves of this pitch in the mean step between columns.

    Wherever the pattern begins: a cut or a turned picture moves the blocks.
    """
    steps = np.abs(np.diff(luma, axis=1)).mean(axis=0)
    waves = np.exp(-2j * np.pi / pitch * np.outer(_WAVES, np.arange(len(steps))))
    return float(np.abs(waves @ (steps - steps.mean())).mean() / len(steps))


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
