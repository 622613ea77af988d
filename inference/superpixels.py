"""A picture cut into some fifty patches of like colour: what a surrogate shows or hides as one.

After SLIC (Achanta et al. 2012): k-means on colour and place together, begun on a grid. Every pixel is compared with
every centre, which for a picture of the network's size takes less than bookkeeping of neighbourhoods would.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

MOST: Final = 255  # so that a map of labels is 8-bit
_ROUNDS = 6
_COMPACTNESS = 40.0  # grey levels of colour that weigh as much as one patch's width of distance


def superpixels(pixels: NDArray[np.uint8], count: int = 48) -> NDArray[np.uint8]:
    """Cut a picture into about ``count`` patches.

    Args:
        pixels: (H, W, 3) uint8 RGB.
        count: patches wanted, 2 to 255; the grid that starts them is as square as the picture allows.

    Returns:
        (H, W) uint8, each pixel's patch; every number from 0 to the largest occurs. Equal pixels give equal patches.

    Raises:
        ValueError: ``count`` is outside its range.
    """
    if not 2 <= count <= MOST:
        raise ValueError(f"superpixels: {count} is not between 2 and {MOST}.")
    height, width = pixels.shape[:2]
    points = _points(pixels, step=float(np.sqrt(height * width / count)))  # (H·W, 5)
    centres = points[_grid(height, width, count)]
    labels = _nearest(points, centres)
    for _ in range(_ROUNDS):
        centres = _means(points, labels, centres)
        labels = _nearest(points, centres)
    labels = np.unique(labels, return_inverse=True)[1]  # a centre that lost all its pixels leaves no gap
    return labels.reshape(height, width).astype(np.uint8)


def _points(pixels: NDArray[np.uint8], *, step: float) -> NDArray[np.float64]:
    """Colour and place of each pixel, place in units that make one patch's width weigh ``_COMPACTNESS``."""
    height, width = pixels.shape[:2]
    y, x = np.mgrid[:height, :width]
    place = np.dstack([y, x]) * (_COMPACTNESS / step)
    return np.dstack([pixels.astype(np.float64), place]).reshape(-1, 5)


def _grid(height: int, width: int, count: int) -> NDArray[np.int64]:
    """Rows of ``_points`` at the middles of a grid of about ``count`` cells."""
    rows = max(1, min(round(np.sqrt(count * height / width)), count))
    columns = max(1, count // rows)
    y = ((np.arange(rows) + 0.5) * height / rows).astype(np.int64)
    x = ((np.arange(columns) + 0.5) * width / columns).astype(np.int64)
    return np.asarray((y[:, np.newaxis] * width + x).ravel())


def _nearest(points: NDArray[np.float64], centres: NDArray[np.float64]) -> NDArray[np.int64]:
    # |p - c|² less |p|², which is the same for every centre
    return np.asarray(((centres**2).sum(axis=1) - 2 * points @ centres.T).argmin(axis=1))


def _means(points: NDArray[np.float64], labels: NDArray[np.int64], centres: NDArray[np.float64]) -> NDArray[np.float64]:
    sizes = np.bincount(labels, minlength=len(centres))
    sums = [np.bincount(labels, points[:, i], len(centres)) for i in range(points.shape[1])]
    means = np.stack(sums, axis=1) / np.maximum(sizes, 1)[:, np.newaxis]
    return np.where(sizes[:, np.newaxis] > 0, means, centres)
