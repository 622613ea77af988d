"""What was computed by hand before networks: Sobel's edges and a histogram of colours (hue, saturation, value)."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]

BINS = (8, 4, 4)  # hue, saturation, value
STRENGTHS = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, np.inf)  # of edges, in grey levels a pixel
DIRECTIONS = 8  # half a turn in parts; an edge and its opposite count as one


def histogram(pixels: Bytes) -> Floats:
    """(H,W,3) RGB uint8 → (128,): share of the pixels in each cell of colour; where they stand plays no part."""
    hsv = cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV)
    counts = cv2.calcHist([hsv], [0, 1, 2], None, BINS, [0, 180, 0, 256, 0, 256])
    return np.asarray(counts.ravel() / counts.sum(), dtype=np.float64)


def edges(pixels: Bytes) -> Floats:
    """(H,W,3) → (16,): shares of eight strengths of Sobel's edges, then of eight directions weighted by strength."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    across, down = (cv2.Sobel(grey, cv2.CV_32F, *order, scale=1 / 8) for order in ((1, 0), (0, 1)))
    strength = np.hypot(across, down)
    turn = (np.arctan2(down, across) % np.pi) / np.pi  # 0-1
    directions, _ = np.histogram(turn, DIRECTIONS, (0, 1), weights=strength)
    strengths, _ = np.histogram(strength, STRENGTHS)
    return np.concatenate([strengths / strength.size, directions / max(directions.sum(), 1e-9)])


def describe(pixels: Bytes) -> Floats:
    """(H,W,3) → (144,)."""
    return np.concatenate([histogram(pixels), edges(pixels)])
