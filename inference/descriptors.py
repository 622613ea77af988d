"""Asymmetry, border, colour, diameter, texture as numbers: after the ABCD rule (Stolz et al. 1994).

Each is counted so that a picture turned by 90 degrees gives the same: neighbours along rows and columns weigh alike,
and directions come in pairs.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inference.lesion import Mask
from inference.preprocessing import Geometry

Floats = NDArray[np.float64]

# The six colours that the ABCD rule counts, RGB; each pixel of the lesion counts for the nearest (in Lab).
COLOURS: Final = {
    "white": (235, 225, 220),
    "red": (200, 80, 80),
    "light brown": (170, 115, 75),
    "dark brown": (90, 50, 35),
    "blue-grey": (95, 110, 130),
    "black": (30, 25, 25),
}
COUNTED_FROM: Final = 0.05  # share of the lesion from which a colour is there
FEWEST_PIXELS: Final = 40  # of a lesion: a smaller one has no shape to measure
_LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601
_DIRECTIONS = np.deg2rad(np.arange(0, 180, 5))
_RAYS, _RADII = 144, 64  # the points at which a lesion is compared with its mirror images


@dataclass(frozen=True)
class Descriptors:
    """What the outline and the pixels within it come to.

    Attributes:
        asymmetry: share (0 to 1) of the lesion that its mirror image misses, mean over two perpendicular axes: of 36
            such pairs through its centre the one that misses least.
        border: perimeter² / (4π area): 1 for a disc, more for a ragged outline.
        colours: how many of the six colours of the ABCD rule fill 5 % of the lesion or more, 1 to 6.
        diameter_px: the longest extent in pixels of the original, which a scale learnt later turns into millimetres.
        diameter_mm: the same in millimetres; None without a scale.
        area_share: share (0 to 1) of what the network saw.
        texture: mean step between neighbouring pixels of the lesion, grey levels.
        touches_edge: the outline reaches the edge of what the network saw, so the lesion may be longer than measured.
    """

    asymmetry: float
    border: float
    colours: int
    diameter_px: float
    diameter_mm: float | None
    area_share: float
    texture: float
    touches_edge: bool


def describe(
    pixels: NDArray[np.uint8],
    mask: Mask,
    *,
    pixel_ratio: float = 1.0,
    millimetres_per_pixel: float | None = None,
) -> Descriptors | None:
    """Measure a lesion.

    Args:
        pixels: (H, W, 3) uint8 RGB.
        mask: (H, W) bool, where the lesion is.
        pixel_ratio: pixels of the original along one of these (``pixels_along``).
        millimetres_per_pixel: of the original.

    Returns:
        The descriptors, or None where the mask holds fewer than 40 pixels.

    Raises:
        ValueError: the scale is not above zero.
    """
    if millimetres_per_pixel is not None and not 0 < millimetres_per_pixel < np.inf:
        raise ValueError(f"millimetres_per_pixel: {millimetres_per_pixel!r} is not a number above zero.")
    if mask.sum() < FEWEST_PIXELS:
        return None
    y, x = np.nonzero(mask)
    points = np.stack([x - x.mean(), y - y.mean()])  # (2, N)
    diameter = _longest(points) * pixel_ratio
    return Descriptors(
        asymmetry=_asymmetry(mask, points),
        border=_perimeter(mask) ** 2 / (4 * np.pi * len(x)),
        colours=int((colour_shares(pixels[mask]) >= COUNTED_FROM).sum()),
        diameter_px=diameter,
        diameter_mm=None if millimetres_per_pixel is None else diameter * millimetres_per_pixel,
        area_share=float(mask.mean()),
        texture=_texture(pixels, mask),
        touches_edge=bool(mask[[0, -1]].any() or mask[:, [0, -1]].any()),
    )


def pixels_along(geometry: Geometry, width: int) -> float:
    """How many pixels of the original lie along one pixel of the network's input, which is ``width`` pixels wide."""
    left, _, right, _ = geometry.box
    return (right - left) / width


def colour_shares(colours: NDArray[np.uint8]) -> Floats:
    """(N, 3) uint8 RGB → (6,): the share of pixels nearest to each of ``COLOURS`` in CIE Lab."""
    known, seen = _lab(np.array(list(COLOURS.values()))), _lab(colours)
    nearest = ((known**2).sum(axis=1) - 2 * seen @ known.T).argmin(axis=1)
    return np.bincount(nearest, minlength=len(known)) / len(nearest)


def _lab(rgb: NDArray[np.integer]) -> Floats:
    """sRGB, 0 to 255 → CIE 1976 L*a*b*, white D65."""
    linear = _LINEAR[rgb]
    xyz = linear @ _TO_XYZ.T
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)


# IEC 61966-2-1: the levels made linear, and the way to XYZ, divided by the white point.
_LEVELS = np.arange(256) / 255
_LINEAR = np.where(_LEVELS <= 0.04045, _LEVELS / 12.92, ((_LEVELS + 0.055) / 1.055) ** 2.4)
_TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) / np.array(
    [[0.9505], [1.0], [1.089]]
)


def _asymmetry(mask: Mask, points: Floats) -> float:
    """The share that the mirror images miss, for the two perpendicular axes through the centre that miss least.

    The lesion is looked up on rays around its centre (2, N ``points`` lie around it), so that a mirror image is the
    same rays in another order, and a disc has no axes of its own that would have to be found.
    """
    y, x = np.nonzero(mask)
    radii = (np.arange(_RADII) + 0.5) / _RADII * (np.hypot(*points).max() + 1)
    angles = (np.arange(_RAYS) + 0.5) * (2 * np.pi / _RAYS)
    across = x.mean() + np.cos(angles)[:, np.newaxis] * radii
    down = y.mean() + np.sin(angles)[:, np.newaxis] * radii
    here = _covered(mask, across, down)  # (rays, radii)
    area = here @ radii  # of each ray, for what lies farther out stands for more
    rays = np.arange(_RAYS)
    missed = [1 - ((here & here[(turn - 1 - rays) % _RAYS]) @ radii).sum() / area.sum() for turn in range(0, _RAYS, 2)]
    pairs = np.reshape(missed, (2, -1)).mean(axis=0)  # the second half are the axes perpendicular to the first
    return float(pairs.min())


def _covered(mask: Mask, across: Floats, down: Floats) -> Mask:
    """Whether the mask, read between its pixels, is above one half at these places."""
    padded = np.pad(mask, 2).astype(np.float32)
    x, y = (np.clip(place + 2, 0, size - 2) for place, size in zip((across, down), padded.shape[::-1], strict=True))
    left, top = x.astype(np.intp), y.astype(np.intp)
    right_share, lower_share = x - left, y - top
    upper = padded[top, left] * (1 - right_share) + padded[top, left + 1] * right_share
    lower = padded[top + 1, left] * (1 - right_share) + padded[top + 1, left + 1] * right_share
    return np.asarray(upper * (1 - lower_share) + lower * lower_share > 0.5)


def _perimeter(mask: Mask) -> float:
    """Pixels: Crofton's formula, from how often lines in four directions cross the outline."""
    p = np.pad(mask, 1)
    straight = (p[1:] != p[:-1]).sum() + (p[:, 1:] != p[:, :-1]).sum()
    slanted = (p[1:, 1:] != p[:-1, :-1]).sum() + (p[1:, :-1] != p[:-1, 1:]).sum()
    return float(np.pi / 8 * (straight + slanted / np.sqrt(2)))


def _longest(points: Floats) -> float:
    """(2, N) → the longest of 36 extents, in pixels; a single pixel is one long."""
    along = np.stack([np.cos(_DIRECTIONS), np.sin(_DIRECTIONS)], axis=1) @ points  # (36, N)
    return float((along.max(axis=1) - along.min(axis=1)).max()) + 1


def _texture(pixels: NDArray[np.uint8], mask: Mask) -> float:
    luma = pixels @ _LUMA
    down, right = mask[1:] & mask[:-1], mask[:, 1:] & mask[:, :-1]
    steps = np.abs(luma[1:] - luma[:-1])[down].sum() + np.abs(luma[:, 1:] - luma[:, :-1])[right].sum()
    return float(steps / max(1, down.sum() + right.sum()))
