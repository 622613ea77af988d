"""Is a generated picture a copy of a training picture? Its nearest one by pixels, by a perceptual hash, by embedding.

What counts as too near is what different lesions never are: the 1st percentile of the distances from each real picture
to the nearest one of another lesion. A hundredth of the real pictures would fail it too, by that very choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training.data.splits import thumbnails

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]
WAYS = ("pixel", "hash", "embedding")
PERCENTILE = 1.0
_HASH_SIDE = 8  # of the lowest frequencies of 32×32


@dataclass(frozen=True)
class Prints:
    """Of N pictures: pixels float (N,576) centred and of length 1, hash bool (N,63), embedding float (N,C).

    ``pixels`` come in four poses: a mirrored copy is a copy.
    """

    pixels: Floats
    hashes: NDArray[np.bool_]
    embeddings: Floats

    def __len__(self) -> int:
        return len(self.pixels)

    def rows(self, rows: Sequence[int]) -> Prints:
        chosen = list(rows)
        return Prints(self.pixels[chosen], self.hashes[chosen], self.embeddings[chosen])


@dataclass(frozen=True)
class Limits:
    """Distances below which a picture counts as a copy, one for each way."""

    pixel: float
    hash: float
    embedding: float

    def to_dict(self) -> dict[str, float]:
        return asdict(self)


def prints_of(images: Sequence[Bytes], embeddings: Floats) -> Prints:
    """Prints of RGB pictures uint8 (H,W,3) of any sizes, and their ``embeddings`` (N,C)."""
    small = thumbnails(images).astype(np.float64)
    # A channel on its own: the same picture in other light is no other picture.
    small -= small.mean(axis=(1, 2), keepdims=True)
    flat = small.reshape(len(small), -1)
    flat /= np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)
    return Prints(flat, np.stack([perceptual_hash(image) for image in images]), np.asarray(embeddings, np.float64))


def middle(image: Bytes) -> Bytes:
    """The largest square in the middle of a picture (H,W,3)."""
    side = min(image.shape[:2])
    top, left = (image.shape[0] - side) // 2, (image.shape[1] - side) // 2
    return image[top : top + side, left : left + side]


def perceptual_hash(image: Bytes) -> NDArray[np.bool_]:
    """63 bits of an RGB picture (H,W,3): which of the lowest cosine frequencies lie above their median.

    Source: Zauner, "Implementation and benchmarking of perceptual image hash functions" (2010).
    """
    small = cv2.resize(np.ascontiguousarray(image), (32, 32), interpolation=cv2.INTER_AREA)
    grey = small @ np.array([0.299, 0.587, 0.114])
    low = cv2.dct(grey.astype(np.float64))[:_HASH_SIDE, :_HASH_SIDE].ravel()[1:]  # without the mean brightness
    return np.asarray(low > np.median(low))


def distances(these: Prints, those: Prints) -> dict[str, Floats]:
    """Each of N to each of M, (N,M) a way: 1 − correlation in the best of four poses, share of other bits, Euclid."""
    poses = those.pixels.reshape(len(those), 12, 16, 3)
    turned = (poses, poses[:, ::-1], poses[:, :, ::-1], poses[:, ::-1, ::-1])
    alike = np.max([these.pixels @ pose.reshape(len(those), -1).T for pose in turned], axis=0)
    a, b = these.hashes.astype(np.float64), those.hashes.astype(np.float64)
    other = (a @ (1 - b).T + (1 - a) @ b.T) / a.shape[1]
    squares = (
        (these.embeddings**2).sum(1)[:, None] + (those.embeddings**2).sum(1) - 2 * these.embeddings @ those.embeddings.T
    )
    return {"pixel": 1 - alike, "hash": other, "embedding": np.sqrt(np.maximum(squares, 0))}


def nearest(
    these: Prints, those: Prints, *, without: Sequence[Sequence[int]] = (), block: int = 500
) -> dict[str, tuple[Floats, NDArray[np.int64]]]:
    """Distance (N,) to the nearest of ``those``, and which one it is (N,), a way.

    ``without`` holds, for each of N, the rows of ``those`` that it is not compared with; empty compares with all.
    """
    found: dict[str, list[tuple[Floats, NDArray[np.int64]]]] = {way: [] for way in WAYS}
    for start in range(0, len(these), block):
        part = distances(these.rows(range(start, min(start + block, len(these)))), those)
        for way, table in part.items():
            for row, left_out in enumerate(without[start : start + len(table)]):
                table[row, list(left_out)] = np.inf
            found[way].append((table.min(1), table.argmin(1)))
    return {way: (np.concatenate([a for a, _ in f]), np.concatenate([b for _, b in f])) for way, f in found.items()}


def limits_from(real: Prints, lesions: Sequence[str], *, block: int = 500) -> Limits:
    """The 1st percentile of real-to-real distances to the nearest other lesion; ``lesions`` names that of each picture.

    Raises ``ValueError`` where all pictures show one lesion.
    """
    names = np.unique(np.asarray(lesions), return_inverse=True)[1]
    if names.max() == 0:
        raise ValueError("Copies are judged beside pictures of different lesions; here is one lesion alone.")
    mins: dict[str, list[Floats]] = {way: [] for way in WAYS}
    for start in range(0, len(real), block):
        rows = range(start, min(start + block, len(real)))
        for way, table in distances(real.rows(rows), real).items():
            table[names[list(rows)][:, None] == names] = np.inf
            mins[way].append(table.min(1))
    return Limits(**{way: float(np.percentile(np.concatenate(found), PERCENTILE)) for way, found in mins.items()})


def is_copy(found: dict[str, Floats], limits: Limits) -> NDArray[np.bool_]:
    """Which of N pictures lie nearer to a training picture than ``limits`` by any way, from distances (N,) a way."""
    flagged: NDArray[np.bool_] = np.any([found[way] < limit for way, limit in limits.to_dict().items()], axis=0)
    return flagged
