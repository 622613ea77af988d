"""A picture as a few dozen numbers of colour, contrast, sharpness and texture: enough to notice what does not belong.

Colours are measured in CIELAB (OpenCV, 8 bit), because equal steps there look about equal; texture by the size of the
grey gradient and the share of detail at four scales.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from training.data.pictures import Bytes

Floats = NDArray[np.float64]

HUES = 8  # sectors of the colour circle
SCALES = 4  # octaves of detail


def appearances(images: Bytes) -> Floats:
    """Statistics (N,35) of pictures (N,H,W,3), RGB uint8; ``appearance`` says which."""
    return np.stack([appearance(image) for image in images])


def appearance(image: Bytes) -> Floats:
    """One picture (H,W,3) → mean, spread, 5 % and 95 % of L, a and b (12); hues (9); the middle against the whole (3);
    gradient (3); detail (4); clipped and flat parts (4)."""
    size = (image.shape[1] // 2, image.shape[0] // 2)
    half = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    lab = cv2.cvtColor(half, cv2.COLOR_RGB2LAB).astype(np.float64)
    grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
    parts = [_colour(lab), _hues(half), _centre(lab), _gradient(lab[..., 0]), _detail(grey), _flatness(image, grey)]
    return np.concatenate(parts)


def _colour(lab: Floats) -> Floats:
    pixels = lab.reshape(-1, 3)
    return np.concatenate([pixels.mean(0), pixels.std(0), np.percentile(pixels, [5, 95], axis=0).ravel()])


def _hues(image: Bytes) -> Floats:
    """Share of saturation in each sector of the colour circle, and the mean saturation."""
    hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV).astype(np.float64)
    saturation = hsv[..., 1].ravel()
    sector = (hsv[..., 0].ravel() * HUES / 180).astype(int)  # OpenCV's hue runs from 0 to 179
    share = np.bincount(sector, saturation, HUES) / max(saturation.sum(), 1.0)
    return np.append(share, saturation.mean() / 255)


def _centre(lab: Floats) -> Floats:
    """How the middle differs from the whole in L, a, b: lesions are photographed in the middle."""
    down, right = lab.shape[0] // 3, lab.shape[1] // 3
    inner = lab[down : 2 * down, right : 2 * right].mean((0, 1))
    difference: Floats = inner - lab.mean((0, 1))
    return difference


def _gradient(grey: Floats) -> Floats:
    """log of mean and spread of the gradient, and how even its directions are (entropy over 8, 0–1)."""
    x, y = cv2.Sobel(grey, cv2.CV_64F, 1, 0), cv2.Sobel(grey, cv2.CV_64F, 0, 1)
    size = np.hypot(x, y)
    direction = ((np.arctan2(y, x) + np.pi) / (2 * np.pi) * 8).astype(int).clip(0, 7).ravel()
    share = np.bincount(direction, size.ravel(), 8) / max(size.sum(), 1e-9)
    entropy = -(share * np.log(share + 1e-12)).sum() / np.log(8)
    return np.array([np.log1p(size.mean()), np.log1p(size.std()), entropy])


def _detail(grey: Bytes) -> Floats:
    """log spread of what each halving of the size loses: fine grain first."""
    levels, level = [], grey.astype(np.float64)
    for _ in range(SCALES):
        smaller = np.asarray(cv2.pyrDown(level), dtype=np.float64)
        back = np.asarray(cv2.pyrUp(smaller, dstsize=(level.shape[1], level.shape[0])))
        levels.append(float(np.log1p((level - back).std())))
        level = smaller
    return np.array(levels)


def _flatness(image: Bytes, grey: Bytes) -> Floats:
    """Shares of black, of white and of pixels equal to their right neighbour, and the entropy of grey values (0–1)."""
    share = np.bincount(grey.ravel(), minlength=256) / grey.size
    entropy = -(share * np.log(share + 1e-12)).sum() / np.log(256)
    repeated = (image[:, 1:] == image[:, :-1]).all(axis=2).mean()
    return np.array([(grey < 12).mean(), (grey > 243).mean(), repeated, entropy])
