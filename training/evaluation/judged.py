"""Scores of held-out pictures, before any probability is made of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.vocabulary import DIAGNOSES
from training.data.records import Record
from training.evaluation.predicted import numbered
from training.metrics import Answers

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Judged:
    """Prior-free scores (N,7) of N rows on both paths, their truth (N,) and the lesion of each (N,)."""

    fused: Floats
    image: Floats
    target: NDArray[np.int64]
    lesion: NDArray[np.int64]

    def take(self, rows: NDArray[np.bool_]) -> Judged:
        return Judged(self.fused[rows], self.image[rows], self.target[rows], self.lesion[rows])

    def answers(self, path: str, p: Floats) -> Answers:
        """With calibrated ``p`` (N,7) of ``path``, 'fused' or 'image'."""
        return Answers(getattr(self, path), p, self.target, self.lesion)


def judged_rows(*, image: Floats, metadata: Floats, records: list[Record]) -> Judged:
    """From the picture's scores (N,7) and what the metadata add to them (N,7), in the order of ``records``."""
    return Judged(
        fused=image + metadata,
        image=image,
        target=np.array([DIAGNOSES.index(record.diagnosis) for record in records]),
        lesion=numbered([record.lesion_id for record in records]),
    )
