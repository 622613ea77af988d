"""Greatest, least and mean values around each pixel, in NumPy alone."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Direction = tuple[int, int]
DIRECTIONS: tuple[Direction, ...] = ((0, 1), (1, 0), (1, 1), (1, -1))  # rows, columns of one step
Pixels = NDArray[Any]


def closing(image: Pixels, direction: Direction, length: int) -> Pixels:
    """(H, W) with every dark gap filled that is shorter than ``length`` steps along ``direction``."""
    return _slide(_slide(image, direction, length, np.maximum), direction, length, np.minimum)


def opening(image: Pixels, direction: Direction, length: int) -> Pixels:
    """(H, W) with every bright run taken away that is shorter than ``length`` steps along ``direction``."""
    return _slide(_slide(image, direction, length, np.minimum), direction, length, np.maximum)


def widest(image: Pixels, length: int) -> Pixels:
    """(H, W): the greatest value in a square of ``length`` pixels around each."""
    return _slide(_slide(image, (0, 1), length, np.maximum), (1, 0), length, np.maximum)


def mean_around(image: Pixels, reach: int) -> NDArray[np.float64]:
    """(H, W): the mean over a square of 2·reach + 1 pixels around each; the border is repeated outwards."""
    side = 2 * reach + 1
    padded = np.pad(image.astype(np.float64), reach, mode="edge")
    sums = np.pad(padded.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    return np.asarray((sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]) / side**2)


def _slide(image: Pixels, direction: Direction, length: int, choose: Callable[..., Pixels]) -> Pixels:
    height, width = image.shape
    reach, (down, right) = length // 2, direction
    padded, chosen = np.pad(image, reach, mode="edge"), image.copy()
    for step in range(-reach, reach + 1):
        top, left = reach + step * down, reach + step * right
        choose(chosen, padded[top : top + height, left : left + width], out=chosen)
    return chosen
