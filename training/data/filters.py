"""Image filters as switches, applied once when pictures are decoded; an ablation is one switch.

Each takes and gives an RGB picture uint8 (H,W,3). Sizes are meant for pictures 200 px wide and grow with wider ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Filter = Callable[[Bytes], Bytes]

_WIDTH = 200  # px, HAM10000 as it is kept here
_HAIR_CONTRAST = 12  # grey levels by which a hair is darker than the skin beside it


def apply(names: Sequence[str], picture: Bytes) -> Bytes:
    """The picture through each named filter in turn. Raises ``ValueError`` for a name that is none."""
    check(names)
    for name in names:
        picture = FILTERS[name](picture)
    return picture


def check(names: Sequence[str]) -> None:
    """Raise ``ValueError`` for a name that is none."""
    for name in names:
        if name not in FILTERS:
            raise ValueError(f"There is no filter {name!r}; choose of {', '.join(FILTERS)}.")


def clahe(picture: Bytes) -> Bytes:
    """Contrast-limited adaptive equalisation of the lightness (Zuiderveld 1994): clip 2, 8×8 tiles; hues stay."""
    return _on_lightness(picture, cv2.createCLAHE(clipLimit=2.0, tileGridSize=(8, 8)).apply)


def equalise(picture: Bytes) -> Bytes:
    """Histogram equalisation of the lightness over the whole picture."""
    return _on_lightness(picture, cv2.equalizeHist)


def gaussian(picture: Bytes) -> Bytes:
    """Gaussian blur of σ 1."""
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 1.0 * _scale(picture)), np.uint8)


def bilateral(picture: Bytes) -> Bytes:
    """Smooth what is alike within σ 2 px, and keep edges (Tomasi and Manduchi 1998).

    Alike is σ 100 of the differences summed over three channels: less would take a salt grain for an edge.
    """
    return np.asarray(cv2.bilateralFilter(picture, -1, 100, 2 * _scale(picture)), np.uint8)


def median(picture: Bytes) -> Bytes:
    """Median of 3×3 px: takes out single wrong pixels."""
    return np.asarray(cv2.medianBlur(picture, _odd(3 * _scale(picture))), np.uint8)


def closing(picture: Bytes) -> Bytes:
    """Morphological closing with a disc of 5 px: fills all that is dark and narrower, on skin and lesion alike."""
    return np.asarray(cv2.morphologyEx(picture, cv2.MORPH_CLOSE, _disc(5 * _scale(picture))), np.uint8)


def hair(picture: Bytes) -> Bytes:
    """Find thin dark lines by what a closing would fill, and paint them over from beside (after Lee et al. 1997).

    The black-hat is the closing minus the picture; inpainting by Telea (2004). What is wider than a hair stays; what is
    as thin and long is lost with them: the dark net of a pigmented lesion, the cracks of a keratosis.
    """
    scale = _scale(picture)
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    filled = cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, _disc(9 * scale))
    lines = _long_parts((filled > _HAIR_CONTRAST).astype(np.uint8), at_least=12 * scale)
    wider = cv2.dilate(lines, _disc(3 * scale))
    return np.asarray(cv2.inpaint(picture, wider, 3 * scale, cv2.INPAINT_TELEA), np.uint8)


def shade_of_grey(picture: Bytes) -> Bytes:
    """Colour constancy by shades of grey (Finlayson and Trezzi 2004), Minkowski norm 6: the light becomes neutral."""
    pixels = picture.astype(np.float64)
    light = np.maximum((pixels**6).mean(axis=(0, 1)) ** (1 / 6), 1.0)
    return np.asarray((pixels * (light.mean() / light)).round().clip(0, 255), np.uint8)


FILTERS: dict[str, Filter] = {
    "clahe": clahe,
    "equalise": equalise,
    "gaussian": gaussian,
    "bilateral": bilateral,
    "median": median,
    "closing": closing,
    "hair": hair,
    "shade-of-grey": shade_of_grey,
}


def _on_lightness(picture: Bytes, change: Callable[[Bytes], Any]) -> Bytes:
    lab = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB)
    lightness = np.ascontiguousarray(lab[..., 0], np.uint8)
    if lightness.min() == lightness.max():
        return picture  # no contrast to equalise; OpenCV's tables would shift a constant
    lab[..., 0] = change(lightness)
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), np.uint8)


def _long_parts(mask: Bytes, *, at_least: float) -> Bytes:
    """Only the connected parts whose box is long: a hair, not a dot of pigment."""
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    long = [k for k in range(1, count) if max(boxes[k, cv2.CC_STAT_WIDTH], boxes[k, cv2.CC_STAT_HEIGHT]) >= at_least]
    return np.isin(labels, long).astype(np.uint8)


def _scale(picture: Bytes) -> float:
    width: int = picture.shape[1]
    return max(1.0, width / _WIDTH)


def _odd(size: float) -> int:
    return max(3, int(size) | 1)


def _disc(size: float) -> Bytes:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_odd(size), _odd(size))), np.uint8)
