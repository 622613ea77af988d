"""A bundle asked as a clinic's worker asks it: bytes in, result out, with or without what is known of the patient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from tqdm import tqdm

from inference.metadata import Metadata
from inference.predictor import Predictor
from inference.result import Result
from inference.vocabulary import DIAGNOSES
from training.data.records import Record
from training.metrics import Answers

PATHS = ("fused", "image")


def ask(
    predictor: Predictor,
    records: Sequence[Record],
    path: str,
    spoil: Callable[[Record], bytes] = lambda record: record.image.read_bytes(),
) -> list[Result]:
    """A result for each record; ``path`` 'image' withholds the metadata; ``spoil`` gives the bytes that are sent."""
    seen = [record if path == "fused" else replace(record, metadata=Metadata()) for record in records]
    return [predictor.predict(spoil(record), record.metadata) for record in tqdm(seen, desc=path, unit="image")]


def answers(results: Sequence[Result], records: Sequence[Record]) -> Answers:
    """Prior-free scores and calibrated p of ``results``, in the order of ``records``."""
    names = {lesion: i for i, lesion in enumerate(sorted({record.lesion_id for record in records}))}
    return Answers(
        scores=np.array([[result.logits[code] for code in DIAGNOSES] for result in results]),
        p=np.array([[result.probabilities[code] for code in DIAGNOSES] for result in results]),
        target=np.array([DIAGNOSES.index(record.diagnosis) for record in records]),
        lesion=np.array([names[record.lesion_id] for record in records]),
    )
