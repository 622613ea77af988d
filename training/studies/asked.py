"""A bundle asked as a clinic's worker asks it: bytes in, result out, with or without what is known of the patient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from inference.bundle import Bundle
from inference.metadata import Metadata
from inference.predictor import Predictor
from inference.result import Result
from inference.vocabulary import DIAGNOSES
from training.data.records import Record
from training.data.splits import Split
from training.evaluation.outside import check_own_split
from training.evaluation.predicted import numbered
from training.metrics import Answers

PATHS = ("fused", "image")


def opened(path: Path, split: Split) -> Predictor:
    """The bundle in ``path``, ready to be asked about a held-out side of ``split``.

    Raises ``LeakError`` unless it is the very split of its networks: of any other they may have seen what is held out.
    """
    bundle = Bundle.load(path)
    check_own_split(bundle.manifest.name, bundle.manifest.training_data, split)
    return Predictor(bundle)


def ask(
    predictor: Predictor,
    records: Sequence[Record],
    path: str,
    send: Callable[[Record], bytes | Image.Image] = lambda record: record.image.read_bytes(),
) -> list[Result]:
    """A result for each record; ``path`` 'image' withholds the metadata; ``send`` gives what is sent."""
    seen = [record if path == "fused" else replace(record, metadata=Metadata()) for record in records]
    return [predictor.predict(send(record), record.metadata) for record in tqdm(seen, desc=path, unit="image")]


def some_lesions(records: Sequence[Record], at_most: int | None, seed: int = 0) -> list[Record]:
    """All records, or those of ``at_most`` lesions drawn by chance, in their order."""
    lesions = sorted({record.lesion_id for record in records})
    if at_most is None or at_most >= len(lesions):
        return list(records)
    drawn = set(np.random.default_rng(seed).choice(lesions, at_most, replace=False).tolist())
    return [record for record in records if record.lesion_id in drawn]


def answers(results: Sequence[Result], records: Sequence[Record]) -> Answers:
    """Prior-free scores and calibrated p of ``results``, in the order of ``records``."""
    return Answers(
        scores=np.array([[result.logits[code] for code in DIAGNOSES] for result in results]),
        p=np.array([[result.probabilities[code] for code in DIAGNOSES] for result in results]),
        target=np.array([DIAGNOSES.index(record.diagnosis) for record in records]),
        lesion=numbered([record.lesion_id for record in records]),
    )
