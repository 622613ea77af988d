"""Generated pictures beside the photographs of the training side, and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils.data import Dataset

from training.data.pictures import Pictures
from training.data.records import Record
from training.data.splits import Split
from training.data.synthetic import Manifest, check_may_join, pictures_of, records_of
from training.fitting.sampling import Batch, Photographs


@dataclass(frozen=True)
class Generated:
    """What a run's record says of the generated pictures that it learned from.

    ``weight``: a generated picture is drawn as often as so much of a photograph of its class. ``smoothing``: share of
    its label that all classes get, on top of the loss's own. Raises ``ValueError`` for values outside.
    """

    manifest_sha256: str
    images: dict[str, int]
    generators: tuple[str, ...]
    weight: float = 1.0
    smoothing: float = 0.0

    def __post_init__(self) -> None:
        if not self.weight > 0:
            raise ValueError(
                f"The weight of generated pictures is above 0, not {self.weight}; or leave out --synthetic."
            )
        if not 0 <= self.smoothing < 1:
            raise ValueError(f"The smoothing of generated labels is 0 or more and below 1, not {self.smoothing}.")

    @property
    def count(self) -> int:
        return sum(self.images.values())


@dataclass(frozen=True)
class Joining:
    """Pictures that may join one training side, and how."""

    records: list[Record]
    pictures: Pictures
    record: Generated


def joining(
    manifest: Manifest, split: Split, like: Pictures, *, weight: float = 1.0, smoothing: float = 0.0
) -> Joining:
    """The pictures of ``manifest`` made ready for the training side of ``split``.

    Raises ``LeakError`` where one of them carries anything from another side.
    """
    check_may_join(manifest, split)
    records = records_of(manifest)
    generators = tuple(sorted({image.generator for image in manifest.images}))
    record = Generated(manifest.digest(), manifest.counts(), generators, weight, smoothing)
    return Joining(records, pictures_of(records, like.recipe, like), record)


class Joined(Dataset[Batch]):
    """Photographs first, generated pictures after them; a batch has both in the order in which they were drawn."""

    def __init__(self, photographs: Photographs, generated: Photographs, smoothing: float) -> None:
        self.parts, self.smoothing = (photographs, generated), smoothing

    def __len__(self) -> int:
        return sum(len(part) for part in self.parts)

    def __getitems__(self, positions: list[int]) -> Batch:
        first = len(self.parts[0])
        real = [i for i, position in enumerate(positions) if position < first]
        made = [i for i, position in enumerate(positions) if position >= first]
        if not made:
            return self.parts[0].__getitems__(positions)
        drawn = self.parts[1].__getitems__([positions[i] - first for i in made])
        drawn = drawn._replace(smoothing=torch.full_like(drawn.smoothing, self.smoothing))
        if not real:
            return drawn
        taken = self.parts[0].__getitems__([positions[i] for i in real])
        order = torch.tensor(sorted(range(len(positions)), key=[*real, *made].__getitem__))
        return Batch(*(torch.cat(pair)[order] for pair in zip(taken, drawn, strict=True)))


def factors(photographs: Sequence[Record], made: Joining) -> Tensor:
    """How much each record counts in the draw, photographs first, float64 (N,)."""
    real = torch.ones(len(photographs), dtype=torch.float64)
    return torch.cat([real, torch.full((len(made.records),), made.record.weight, dtype=torch.float64)])
