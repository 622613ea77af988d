"""What lies over the skin and is no part of it: hair, the ticks of a ruler, the ink of a marker.

Hair: thin dark lines by morphological closing (after DullRazor: Lee et al. 1997), kept where they run on. Sizes are in
pixels of the network's input, 192 wide.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.neighbourhood import DIRECTIONS, closing, mean_around, opening, widest

Grid = NDArray[np.bool_]

_LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601
_THIN = 7  # pixels: hair is thinner
_DARKER = 0.12  # than its surroundings, as a share of the skin's brightness
_RUN = 17  # pixels that a hair runs straight
_STRIP = 14  # pixels from the border in which a ruler's ticks stand
_TICKS = 6  # that make a ruler
_UNEVEN = 0.25  # standard deviation of their distances, as a share of the mean
_BLUER = 25.0  # b* below the skin's
_BLUE = -8.0  # b*
_FILLED = 0.35  # of the strip's depth that a tick fills


@dataclass(frozen=True, eq=False)
class Artefacts:
    """Where each kind lies, as boolean grids (H, W) over the network's input."""

    hair: Grid
    ruler: Grid
    ink: Grid

    @property
    def anywhere(self) -> Grid:
        """(H, W): any of the three."""
        return self.hair | self.ruler | self.ink

    @property
    def share(self) -> float:
        """Share (0 to 1) of the picture's area that any of the three covers."""
        return float(self.anywhere.mean())


def find_artefacts(pixels: NDArray[np.uint8]) -> Artefacts:
    """Look for hair, ruler and ink in a picture as the network sees it.

    Args:
        pixels: (H, W, 3) RGB.

    A ruler is found where its ticks stand along a side of the picture; one that lies askew is not.
    """
    luma = mean_around(pixels @ _LUMA, 1).astype(np.float32)  # a sensor's grain has dark lines too, short ones
    skin = max(float(np.percentile(luma, 90)), 1.0)
    gaps = [closing(luma, direction, _THIN) - luma for direction in DIRECTIONS]
    ruler = _ruler(gaps[0] > _DARKER * skin) | _ruler((gaps[1] > _DARKER * skin).T).T
    hair = _hair(np.maximum.reduce(gaps) > _DARKER * skin)
    return Artefacts(hair & ~ruler, ruler, _ink(pixels))


def _hair(thin: Grid) -> Grid:
    joined = widest(thin, 3)  # a diagonal line must not fall apart into steps
    runs = [opening(joined, direction, _RUN if 0 in direction else _RUN * 3 // 4) for direction in DIRECTIONS]
    return np.asarray(thin & np.logical_or.reduce(runs))


def _ruler(thin: Grid) -> Grid:
    """Evenly spaced ticks across the upper or lower side; ``thin`` (H, W) holds lines that run downwards."""
    found = np.zeros_like(thin)
    for rows in (slice(0, _STRIP), slice(-_STRIP, None)):
        ticks = thin[rows].mean(axis=0) >= _FILLED  # (W,)
        begins = np.flatnonzero(np.diff(ticks.astype(np.int8), prepend=0) == 1)
        if len(begins) >= _TICKS and _even(np.diff(begins)):
            found[rows, begins[0] : begins[-1] + _THIN] = thin[rows, begins[0] : begins[-1] + _THIN]
    return found


def _even(distances: NDArray[np.int64]) -> bool:
    return bool(distances.std() <= _UNEVEN * distances.mean())


def _ink(pixels: NDArray[np.uint8]) -> Grid:
    """(H, W): far bluer than the skin of the same picture, and blue; a marker is, a vein or a blue naevus hardly."""
    blueness = lab(pixels)[..., 2]
    return np.asarray((blueness < np.median(blueness) - _BLUER) & (blueness < _BLUE))


def lab(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(…, 3) sRGB → (…, 3) CIE L*a*b* (D65): L* 0 to 100, a* and b* about -100 to 100 (IEC 61966-2-1, CIE 15)."""
    xyz = _LINEAR[pixels] @ _TO_XYZ  # (…, 3), each 0 to 1 at white
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1).astype(np.float32)


_LEVELS = np.arange(256) / 255
_LINEAR = np.where(_LEVELS <= 0.04045, _LEVELS / 12.92, ((_LEVELS + 0.055) / 1.055) ** 2.4).astype(np.float32)
_WHITE = np.array([0.95047, 1.0, 1.08883])
_TO_XYZ = (np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]).T / _WHITE).astype(
    np.float32
)
