"""Which pictures a network sees, and how often: rare classes more than their share, each lesion about once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from inference.metadata import MetadataEncoding
from inference.vocabulary import DIAGNOSES
from training.data.pictures import Pictures
from training.data.records import Record


class Batch(NamedTuple):
    """images uint8 (N,3,H,W), masks uint8 (N,1,H,W), has_mask (N,), metadata float32 (N,D), target int64 (N,)."""

    images: Tensor
    masks: Tensor
    has_mask: Tensor
    metadata: Tensor
    target: Tensor


class Photographs(Dataset[Batch]):
    """Records with their pictures; indexed by a list of positions, it answers a whole batch at once."""

    def __init__(self, records: list[Record], rows: list[int], pictures: Pictures, *, view: str) -> None:
        """``rows`` are positions in ``records`` and ``pictures``; ``view`` is 'stored' (train) or 'viewed' (judge)."""
        self.rows = rows
        self.images = getattr(pictures, view)
        self.masks = pictures.masks
        self.has_mask = torch.from_numpy(pictures.has_mask)
        self.metadata = encode(records)
        self.target = torch.tensor([DIAGNOSES.index(record.diagnosis) for record in records])

    def __len__(self) -> int:
        return len(self.rows)

    def __getitems__(self, positions: list[int]) -> Batch:
        rows = [self.rows[position] for position in positions]
        return Batch(
            images=torch.from_numpy(self.images[rows]).permute(0, 3, 1, 2).contiguous(),
            masks=torch.from_numpy(self.masks[rows]).unsqueeze(1),
            has_mask=self.has_mask[rows],
            metadata=self.metadata[rows],
            target=self.target[rows],
        )


def encode(records: list[Record]) -> Tensor:
    """Metadata of each record as the served bundle encodes it, float32 (N, D)."""
    encoding = MetadataEncoding()
    return torch.from_numpy(np.stack([encoding.encode(record.metadata) for record in records]))


def draw_weights(records: list[Record]) -> Tensor:
    """Chance of each record to be drawn, float64 (N,), sum 1.

    Photos of one lesion share: 1/sqrt(photos). Classes are drawn in proportion to the root of their frequency.
    """
    photos = Counter(record.lesion_id for record in records)
    share = torch.tensor([photos[record.lesion_id] ** -0.5 for record in records], dtype=torch.float64)
    target = torch.tensor([DIAGNOSES.index(record.diagnosis) for record in records])
    mass = torch.zeros(len(DIAGNOSES), dtype=torch.float64).index_add_(0, target, share)
    weights = share / mass[target].sqrt()  # a class of mass m is then drawn with weight sqrt(m)
    return weights / weights.sum()


def log_prior(records: list[Record], weights: Tensor) -> Tensor:
    """Log of the class frequencies under ``weights``, float32 (7,); a class without rows gets a tiny one."""
    target = torch.tensor([DIAGNOSES.index(record.diagnosis) for record in records])
    prior = torch.zeros(len(DIAGNOSES), dtype=torch.float64).index_add_(0, target, weights.double())
    return (prior / prior.sum()).clamp_min(1e-6).log().float()


class WeightedDraw(Sampler[int]):
    """Draws with replacement, the same order for the same (seed, epoch): a resumed run continues the same draw."""

    def __init__(self, weights: Tensor, count: int, seed: int) -> None:
        self.weights, self.count, self.seed, self.epoch = weights, count, seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Called by Lightning at the start of each epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed(self.seed * 100_003 + self.epoch)
        drawn = torch.multinomial(self.weights, self.count, replacement=True, generator=generator)
        return iter(drawn.tolist())
