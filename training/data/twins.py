"""Copies of a picture in other colours: the same pixels after another white balance, exposure or contrast.

``near_duplicates`` compares all channels at once and misses them. HAM10000 holds one pair under two lesion ids,
ISIC_0025226 and ISIC_0030074; the shipped split has both on one side.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from training.data.splits import Stack, Twins, correlated, near_duplicates, thumbnails

# Mean correlation of the channels, each on its own. On HAM10000 the pair above has .998; the next of different lesions,
# .988 and below, are other lesions in the same dark frame.
RECOLOURED = 0.99


def recoloured_duplicates(images: Stack, threshold: float = RECOLOURED) -> Twins:
    """Pairs (a < b) of pictures (N,H,W,3) that are one but for gain and offset of each channel, in four poses."""
    small = thumbnails(images)
    small -= small.mean(axis=(1, 2), keepdims=True)
    norm = np.sqrt((small**2).sum(axis=(1, 2), keepdims=True) * 3)
    return correlated(small / np.maximum(norm, 1e-6), threshold)


def all_duplicates(images: Stack) -> Twins:
    """Near-duplicates of either kind: what a split is checked against."""
    return sorted({*near_duplicates(images), *recoloured_duplicates(images)})


def across(here: Stack, there: Stack) -> Twins:
    """Near-duplicates of either kind between two stacks: (row in ``here``, row in ``there``)."""
    both = [*here, *there]  # views: nothing is copied
    return [(a, b - len(here)) for a, b in all_duplicates(both) if a < len(here) <= b]


def identical(images: NDArray[np.uint8]) -> Twins:
    """Pairs (a < b) of pictures (N,H,W,3) that are the same to the bit; each with the first of its kind."""
    first: dict[str, int] = {}
    seen = ((first.setdefault(hashlib.sha256(image.tobytes()).hexdigest(), i), i) for i, image in enumerate(images))
    return [(a, b) for a, b in seen if a != b]


def likeness(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    """Correlation of two pictures (H,W,3), each channel on its own, in the best of four poses; a copy has 1."""
    first, second = _channelwise(a), _channelwise(b)
    poses = (second, second[:, ::-1], second[::-1], second[::-1, ::-1])
    return max(float((first * pose).sum()) for pose in poses)


def _channelwise(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    centred = image.astype(np.float32) - image.mean(axis=(0, 1), dtype=np.float32)
    return np.asarray(centred / np.maximum(np.sqrt((centred**2).sum(axis=(0, 1)) * 3), 1e-6), dtype=np.float32)
