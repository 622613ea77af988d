"""Which pictures a network sees, and how often: rare classes more than their share, each lesion about once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.class_weight import compute_class_weight
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from inference.metadata import MetadataEncoding
from inference.vocabulary import DIAGNOSES
from training.data.cleaning import encoded
from training.data.pictures import Pictures
from training.data.records import Record


class Batch(NamedTuple):
    """images uint8 (N,3,H,W), masks uint8 (N,1,H,W), has_mask (N,), metadata float32 (N,D), target int64 (N,).

    ``may_teach`` bool (N,M) says which of M teachers may teach each picture; ``smoothing`` float32 (N,) is the share of
    each label that all classes get, which is 0 for a photograph.
    """

    images: Tensor
    masks: Tensor
    has_mask: Tensor
    metadata: Tensor
    target: Tensor
    may_teach: Tensor
    smoothing: Tensor


class Photographs(Dataset[Batch]):
    """Records with their pictures; indexed by a list of positions, it answers a whole batch at once."""

    def __init__(
        self,
        records: list[Record],
        rows: list[int],
        pictures: Pictures,
        *,
        view: str,
        encoding: MetadataEncoding | None = None,
        may_teach: Tensor | None = None,
    ) -> None:
        """``rows`` are positions in ``records`` and ``pictures``; ``view`` is 'stored' (train) or 'viewed' (judge).

        ``may_teach`` (len(records),M) is ``Batch``'s, of all records; None: nobody teaches.
        """
        self.rows = rows
        self.images = getattr(pictures, view)
        self.masks = pictures.masks
        self.has_mask = torch.from_numpy(pictures.has_mask)
        self.metadata = encode(records, encoding)
        self.target = targets(records)
        self.may_teach = torch.zeros(len(records), 0, dtype=torch.bool) if may_teach is None else may_teach

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
            may_teach=self.may_teach[rows],
            smoothing=torch.zeros(len(rows)),
        )


def encode(records: list[Record], encoding: MetadataEncoding | None = None) -> Tensor:
    """Metadata of each record as the served bundle encodes it, float32 (N, D); ``encoding`` is that of the run."""
    return torch.from_numpy(encoded(records, encoding or MetadataEncoding()))


def targets(records: list[Record]) -> Tensor:
    """Position of each record's diagnosis in ``DIAGNOSES``, int64 (N,)."""
    return torch.tensor([DIAGNOSES.index(record.diagnosis) for record in records])


SAMPLINGS = ("root-frequency", "class-balanced", "per-lesion", "natural")


def draw_weights(records: list[Record], sampling: str = "root-frequency", factor: Tensor | None = None) -> Tensor:
    """Chance of each record to be drawn, float64 (N,), sum 1.

    'natural': every photograph the same. 'per-lesion': every lesion the same, its photographs share. The other two
    weigh a photograph by 1/√(photographs of its lesion) and then draw classes in equal parts ('class-balanced') or in
    proportion to the root of their frequency ('root-frequency'). ``factor`` (N,) is how much of a photograph each
    record counts, 1 where it is not given.
    """
    photos = Counter(record.lesion_id for record in records)
    power = {"natural": 0.0, "per-lesion": -1.0}.get(sampling, -0.5)
    share = torch.tensor([photos[record.lesion_id] ** power for record in records], dtype=torch.float64)
    share = share if factor is None else share * factor
    target = targets(records)
    mass = torch.zeros(len(DIAGNOSES), dtype=torch.float64).index_add_(0, target, share)
    if sampling == "root-frequency":
        share = share / mass[target].sqrt()  # a class of mass m is then drawn with weight sqrt(m)
    elif sampling == "class-balanced":
        share = share / mass[target]
    return share / share.sum()


def balanced_class_weights(target: ArrayLike) -> NDArray[np.float64]:
    """n/(k·n_c) of each of the k classes, float64 (7,), from class positions (N,) in the order of ``DIAGNOSES``.

    Raises ``ValueError`` for one-hot rows, and for a class without a row, whose weight would be infinite.
    """
    labels = np.asarray(target)
    if labels.ndim != 1:
        raise ValueError(
            f"Class weights count class positions (N,); this has the shape {labels.shape}, as one-hot has."
        )
    missing = sorted(set(range(len(DIAGNOSES))) - set(labels.tolist()))
    if missing:
        raise ValueError(f"No training picture shows {DIAGNOSES[missing[0]]}; leave class weights out.")
    weights: NDArray[np.float64] = compute_class_weight("balanced", classes=np.arange(len(DIAGNOSES)), y=labels)
    return weights


def log_prior(records: list[Record], weights: Tensor) -> Tensor:
    """Log of the class frequencies under ``weights``, float32 (7,); a class without rows gets a tiny one."""
    target = targets(records)
    prior = torch.zeros(len(DIAGNOSES), dtype=torch.float64).index_add_(0, target, weights.double())
    return (prior / prior.sum()).clamp_min(1e-6).log().float()


class WeightedDraw(Sampler[int]):
    """The same order for the same (seed, epoch): a resumed run continues the same draw.

    With replacement, unless all weights are equal: then each is drawn once an epoch. Of ``processes`` that train
    together each takes every so-manyth of the one draw.
    """

    def __init__(self, weights: Tensor, count: int, seed: int, *, processes: int = 1) -> None:
        self.weights, self.count, self.seed, self.epoch, self.processes = weights, count, seed, 0, processes
        self.shuffled = count == len(weights) and bool((weights == weights[0]).all())

    def set_epoch(self, epoch: int) -> None:
        """Called by Lightning at the start of each epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.count // self.processes

    def __iter__(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed(self.seed * 100_003 + self.epoch)
        drawn = torch.multinomial(self.weights, self.count, replacement=not self.shuffled, generator=generator)
        rank = torch.distributed.get_rank() if torch.distributed.is_initialized() else 0
        return iter(drawn.tolist()[rank :: self.processes][: len(self)])
