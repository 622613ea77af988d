"""182 numbers of a picture that need no network: colours of the whole frame and of rings around its centre.

HAM10000's lesions are centred, so a ring's colour says what stands inside, on the border and around. No mask is used,
and a mirrored picture gives the same numbers: dermoscopy has no left or right.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]

CHANNELS = ("red", "green", "blue", "hue", "saturation", "value", "lightness", "a", "b")
PERCENTILES = (5, 25, 50, 75, 95)
EDGES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0, np.inf)  # of the rings, in half heights of the picture
RINGS = len(EDGES) - 1


def names() -> tuple[str, ...]:
    """The name of each of the 182 numbers, in order."""
    whole = [f"{channel} {what}" for what in ("mean", "std", *map(str, PERCENTILES)) for channel in CHANNELS]
    rings = [f"{channel} {what} ring {r}" for what in ("mean", "std") for r in range(RINGS) for channel in CHANNELS]
    edges = [f"gradient ring {r}" for r in range(RINGS)]
    return (*whole, *rings, *edges, "unlike mirrored", "unlike flipped", "unlike turned", "finest edges", "dark share")


def describe(pixels: Bytes) -> Floats:
    """(H,W,3) RGB uint8 → (182,): 63 of the frame, 108 of six rings, 6 of their edges, 5 of symmetry and texture."""
    # Colours need no fine grain.
    small = cv2.resize(pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA).astype(np.uint8)
    channels = _channels(small)  # (H*W/4,9)
    whole = [channels.mean(axis=0), channels.std(axis=0), _percentiles(channels).ravel()]
    member = ring_members(*small.shape[:2])
    mean = member @ channels  # (6,9)
    std = np.sqrt(np.maximum(member @ channels**2 - mean**2, 0))
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    edges = ring_members(*grey.shape) @ gradient(grey).ravel()
    return np.concatenate([*whole, mean.ravel(), std.ravel(), edges, _texture(grey)])


def gradient(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """Strength of Sobel's edges (H,W) of a grey picture (H,W), in grey levels a pixel."""
    across = cv2.Sobel(grey, cv2.CV_32F, 1, 0, scale=1 / 8)
    down = cv2.Sobel(grey, cv2.CV_32F, 0, 1, scale=1 / 8)
    return np.asarray(np.hypot(across, down), dtype=np.float32)


@cache
def ring_members(height: int, width: int) -> Floats:
    """(6,H*W): each row averages the pixels of one ring, the middle one first."""
    y, x = np.mgrid[:height, :width]
    radius = np.hypot(y - (height - 1) / 2, x - (width - 1) / 2) / (height / 2)
    member = np.eye(RINGS)[np.digitize(radius.ravel(), EDGES) - 1].T
    return np.asarray(member / member.sum(axis=1, keepdims=True))


def _channels(pixels: Bytes) -> Floats:
    spaces = [pixels, cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV), cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB)]
    stacked = np.concatenate(spaces, axis=2).reshape(-1, len(CHANNELS)).astype(np.float64)
    # Hue is an angle (0-179) with red at both ends: turn it so that red, the colour of skin, is in the middle.
    stacked[:, 3] = (stacked[:, 3] + 90) % 180
    return stacked


def _percentiles(channels: Floats) -> Floats:
    """(5,9), by counting: the channels are whole numbers below 256."""
    counts = np.stack([np.bincount(column, minlength=256) for column in channels.T.astype(np.uint8)])  # (9,256)
    ranks = np.cumsum(counts, axis=1)
    wanted = [share / 100 * len(channels) for share in PERCENTILES]
    return np.array([(ranks < rank).sum(axis=1) for rank in wanted], dtype=np.float64)


def _texture(grey: NDArray[np.float32]) -> Floats:
    unlike = [np.abs(grey - other).mean() for other in (grey[:, ::-1], grey[::-1], grey[::-1, ::-1])]
    finest = np.percentile(np.abs(cv2.Laplacian(grey, cv2.CV_32F)), 99)
    dark = (grey < grey.mean() - grey.std()).mean()
    return np.array([*unlike, finest, dark])
