"""Statistics of natural scenes: the features of BRISQUE and of NIQE, from a picture's luminance alone.

Sources: Mittal, Moorthy, Bovik, "No-reference image quality assessment in the spatial domain" (2012, BRISQUE); Mittal,
Soundararajan, Bovik, "Making a completely blind image quality analyzer" (2013, NIQE); Lasmar, Stitou, Berthoumieu
(2009) for the asymmetric generalised Gaussian.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.special import gamma

Floats = NDArray[np.float64]

SCALES = (1, 2)  # the picture, and half of it
FEATURES = 18  # a scale
_WINDOW, _SIGMA = 7, 7 / 6  # pixels: the local mean
_NEIGHBOURS = ((0, 1), (1, 0), (1, 1), (1, -1))  # (down, right): beside, below, and both diagonals
_SHAPES = np.arange(0.2, 10.001, 0.001)
_RATIOS = gamma(2 / _SHAPES) ** 2 / (gamma(1 / _SHAPES) * gamma(3 / _SHAPES))  # rises with the shape


def luminance(image: NDArray[np.uint8]) -> Floats:
    """RGB uint8 (H,W,3) → grey 0–255 (H,W), by ITU-R BT.601 as both papers' code has it."""
    grey: Floats = image @ np.array([0.299, 0.587, 0.114])
    return grey


def normalised(grey: Floats) -> tuple[Floats, Floats]:
    """Grey 0–255 (H,W) → what is left after the local mean and contrast (MSCN), and the local deviation; both (H,W)."""
    mean = _local(grey)
    deviation = np.sqrt(np.abs(_local(grey * grey) - mean * mean))
    return (grey - mean) / (deviation + 1), deviation


def _local(values: Floats) -> Floats:
    around = cv2.GaussianBlur(values, (_WINDOW, _WINDOW), _SIGMA, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(around, np.float64)


def halved(grey: Floats) -> Floats:
    """Half as high and wide, by means over areas."""
    height, width = grey.shape
    return np.asarray(cv2.resize(grey, (width // 2, height // 2), interpolation=cv2.INTER_AREA), np.float64)


def shape_of(ratio: Floats) -> Floats:
    """Shape of a generalised Gaussian, .2–10, from E[|x|]²/E[x²]: 2 is a normal, 1 a Laplace distribution."""
    found: Floats = np.interp(ratio, _RATIOS, _SHAPES)
    return found


def symmetric(values: Floats) -> tuple[Floats, Floats]:
    """Shape and variance of a generalised Gaussian around 0, each (N,), fitted by moments to ``values`` (N,M)."""
    second = np.maximum((values**2).mean(1), 1e-12)
    return shape_of(np.abs(values).mean(1) ** 2 / second), second


def asymmetric(values: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Shape, mean, left and right deviation of an asymmetric generalised Gaussian, each (N,), of ``values`` (N,M)."""
    left, right = (_side(values, sign) for sign in (-1, 1))
    skew = left / right
    ratio = np.abs(values).mean(1) ** 2 / np.maximum((values**2).mean(1), 1e-12)
    shape = shape_of(ratio * (skew**3 + 1) * (skew + 1) / (skew**2 + 1) ** 2)
    scale = np.sqrt(gamma(1 / shape) / gamma(3 / shape))
    mean = (right - left) * scale * gamma(2 / shape) / gamma(1 / shape)
    return shape, mean, left, right


def _side(values: Floats, sign: int) -> Floats:
    """Root mean square of the values on one side of zero (N,)."""
    there = values * sign > 0
    squares = np.where(there, values**2, 0).sum(1)
    found: Floats = np.sqrt(np.maximum(squares / np.maximum(there.sum(1), 1), 1e-12))
    return found


def neighbour_products(mscn: Floats) -> list[Floats]:
    """Each pixel times its neighbour in four directions: (N,H,W) → four of (N,H,W), the edges rolled over."""
    return [mscn * np.roll(mscn, (down, right), axis=(1, 2)) for down, right in _NEIGHBOURS]


def brisque_features(image: NDArray[np.uint8]) -> Floats:
    """The 36 numbers of BRISQUE of an RGB picture uint8 (H,W,3): 18 at each of two scales.

    Shape and variance, then shape, mean, left and right variance of the products of neighbours in four directions. The
    published score is a regression on opinions about photographs of other things; here the features are compared.
    """
    found: list[Floats] = []
    grey = luminance(image)
    for _ in SCALES:
        mscn = normalised(grey)[0][None]
        found += [np.concatenate(symmetric(mscn.reshape(1, -1)))]
        for product in neighbour_products(mscn):
            shape, mean, left, right = asymmetric(product.reshape(1, -1))
            found += [np.concatenate([shape, mean, left**2, right**2])]
        grey = halved(grey)
    return np.concatenate(found)


def patch_features(image: NDArray[np.uint8], side: int) -> tuple[Floats, Floats]:
    """NIQE's 36 numbers of each patch (N,36), and the sharpness of each (N,), of an RGB picture uint8 (H,W,3).

    Patches are ``side`` × ``side`` pixels, even, beside each other; what is left over at right and below is not seen.
    Raises ``ValueError`` where not one fits.
    """
    grey = luminance(image)
    rows, columns = grey.shape[0] // side, grey.shape[1] // side
    if not rows or not columns or side % 2:
        raise ValueError(f"No patch of {side}×{side} pixels fits {grey.shape[0]}×{grey.shape[1]}; the side is even.")
    grey = grey[: rows * side, : columns * side]
    parts, sharpness = [], np.zeros(rows * columns)
    for scale in SCALES:
        mscn, deviation = normalised(grey)
        patches = _cut(mscn, side // scale)
        if scale == 1:
            sharpness = _cut(deviation, side).mean((1, 2))
        parts.append(_niqe_numbers(patches))
        grey = halved(grey)
    return np.concatenate(parts, axis=1), sharpness


def _cut(values: Floats, side: int) -> Floats:
    """(H,W) → patches (N,side,side), row by row."""
    rows, columns = values.shape[0] // side, values.shape[1] // side
    return values.reshape(rows, side, columns, side).swapaxes(1, 2).reshape(-1, side, side)


def _niqe_numbers(patches: Floats) -> Floats:
    """(N,side,side) → (N,18): shape and mean deviation, then shape, mean and both deviations in four directions."""
    flat = patches.reshape(len(patches), -1)
    shape, _, left, right = asymmetric(flat)
    columns = [shape, (left + right) / 2]
    for product in neighbour_products(patches):
        columns += list(asymmetric(product.reshape(len(patches), -1)))
    return np.stack(columns, axis=1)
