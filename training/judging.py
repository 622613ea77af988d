"""Scores of held-out pictures by the exported graph and head, in batches: what calibration is fitted on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from tqdm import tqdm

from inference.head import Head
from inference.vocabulary import DIAGNOSES
from training.config import Priors
from training.ham10000 import Record
from training.metrics import Answers
from training.pictures import Pictures
from training.sampling import encode

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Judged:
    """Prior-free scores (N,7) of N rows on both paths, their truth (N,) and the lesion of each (N,)."""

    fused: Floats
    image: Floats
    target: NDArray[np.int64]
    lesion: NDArray[np.int64]

    def answers(self, path: str, p: Floats) -> Answers:
        """With calibrated ``p`` (N,7) of ``path``, 'fused' or 'image'."""
        return Answers(getattr(self, path), p, self.target, self.lesion)


def judge(
    model: bytes, head: Head, *, records: list[Record], pictures: Pictures, rows: list[int], priors: Priors
) -> Judged:
    """Run the exported graph over ``rows``; metadata scores come from the head in closed form."""
    session = ort.InferenceSession(model, providers=["CPUExecutionProvider"])
    mean, std = (np.array(values, np.float32).reshape(1, 3, 1, 1) for values in (priors.mean, priors.std))
    image: list[NDArray[np.float32]] = []
    for start in tqdm(range(0, len(rows), 16), desc="judging", unit="batch"):
        pixels = pictures.viewed[rows[start : start + 16]].transpose(0, 3, 1, 2).astype(np.float32) / 255
        features = session.run(["features"], {"image": (pixels - mean) / std})[0]
        image += [head.image_logits(row) for row in features.mean(axis=(2, 3))]
    encoded = encode(records)[rows].numpy()
    metadata = np.stack([head.metadata_logits(row) for row in encoded])
    names = {lesion: i for i, lesion in enumerate(sorted({record.lesion_id for record in records}))}
    return Judged(
        fused=np.stack(image).astype(np.float64) + metadata,
        image=np.stack(image).astype(np.float64),
        target=np.array([DIAGNOSES.index(records[row].diagnosis) for row in rows]),
        lesion=np.array([names[records[row].lesion_id] for row in rows]),
    )
