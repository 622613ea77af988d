"""What a generator learns from: pictures of its size with class and mask, of the training side alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from training.data.pictures import Pictures
from training.data.records import Record
from training.data.sides import rows_of
from training.data.splits import Split
from training.fitting.sampling import targets

Bytes = NDArray[np.uint8]
Size = tuple[int, int]


class Canvas(NamedTuple):
    """images uint8 (N,3,H,W), masks uint8 (N,1,H,W) 0 or 1, has_mask bool (N,), target int64 (N,)."""

    images: Tensor
    masks: Tensor
    has_mask: Tensor
    target: Tensor


class Canvases(Dataset[Canvas]):
    """The training side at one size, held in memory; indexed by a list of positions it answers a whole batch."""

    def __init__(self, records: list[Record], pictures: Pictures, split: Split, size: Size) -> None:
        """``size`` is (height, width). Raises ``DataError`` where the split's training side is not in ``records``."""
        self.rows = rows_of(split, records, "train")
        self.images = np.stack([fitted(pictures.viewed[row], size) for row in self.rows])
        self.masks = np.stack([fitted_mask(pictures.masks[row], size) for row in self.rows])
        self.has_mask = torch.from_numpy(pictures.has_mask[self.rows])
        self.records = [records[row] for row in self.rows]
        self.target = targets(self.records)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitems__(self, positions: list[int]) -> Canvas:
        return Canvas(
            images=torch.from_numpy(self.images[positions]).permute(0, 3, 1, 2).contiguous(),
            masks=torch.from_numpy(self.masks[positions]).unsqueeze(1),
            has_mask=self.has_mask[positions],
            target=self.target[positions],
        )


def fitted(image: Bytes, size: Size) -> Bytes:
    """(h,w,3) → (*size,3): means over areas where it shrinks, bilinear where it grows."""
    return _resized(image, size)


def fitted_mask(mask: Bytes, size: Size) -> Bytes:
    """0 or 1 (h,w) → 0 or 1 (*size): a pixel is lesion where at least half of it was."""
    return (_resized(mask * np.uint8(200), size) >= 100).astype(np.uint8)


def _resized(image: Bytes, size: Size) -> Bytes:
    height, width = size
    if image.shape[:2] == size:
        return np.ascontiguousarray(image)
    how = cv2.INTER_AREA if height <= image.shape[0] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(np.ascontiguousarray(image), (width, height), interpolation=how), np.uint8)


def to_signed(images: Tensor) -> Tensor:
    """uint8 0–255 → float -1–1, as every generator here sees pictures."""
    return images.float() / 127.5 - 1


def to_bytes(images: Tensor) -> Tensor:
    """float -1–1, clamped → uint8 0–255."""
    return ((images.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)


def mirrored(canvas: Canvas, rng: torch.Generator) -> Canvas:
    """Each picture with its mask as it is, mirrored, upside down or both, by ``rng``: skin has no upright."""
    images, masks = canvas.images, canvas.masks
    for axis in (2, 3):
        turn = torch.rand(len(images), 1, 1, 1, generator=rng).to(images.device) < 0.5
        images = torch.where(turn, images.flip(axis), images)
        masks = torch.where(turn, masks.flip(axis), masks)
    return canvas._replace(images=images, masks=masks)


def outlines(records: Sequence[Record], pictures: Pictures, rows: Sequence[int], size: Size) -> Bytes:
    """Masks (N,*size), 0 or 1, of ``rows``."""
    return np.stack([fitted_mask(pictures.masks[row], size) for row in rows])
