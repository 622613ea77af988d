"""A bundle asked as a clinic's worker asks it: bytes in, result out, with or without what is known of the patient."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from inference.bundle import Bundle
from inference.predictor import Predictor
from inference.result import Result
from training.data.records import Record
from training.data.splits import Split
from training.evaluation import served
from training.evaluation.fitted import PATHS
from training.evaluation.metadata import alter
from training.evaluation.outside import check_own_split
from training.evaluation.served import Send, answers

__all__ = ["PATHS", "answers", "ask", "opened", "some_lesions"]


def opened(path: Path, split: Split) -> Predictor:
    """The bundle in ``path``, ready to be asked about a held-out side of ``split``.

    Raises ``LeakError`` unless it is the very split of its networks: of any other they may have seen what is held out.
    """
    bundle = Bundle.load(path)
    check_own_split(bundle.manifest.name, bundle.manifest.training_data, split)
    return Predictor(bundle)


def ask(predictor: Predictor, records: Sequence[Record], path: str, send: Send = served.whole_file) -> list[Result]:
    """A result for each record; ``path`` 'image' withholds the metadata; ``send`` gives what is sent."""
    seen = alter(list(records), "kept" if path == "fused" else "withheld")
    return served.ask(predictor, seen, what=path, send=send)


def some_lesions(records: Sequence[Record], at_most: int | None, seed: int = 0) -> list[Record]:
    """All records, or those of ``at_most`` lesions drawn by chance, in their order."""
    lesions = sorted({record.lesion_id for record in records})
    if at_most is None or at_most >= len(lesions):
        return list(records)
    drawn = set(np.random.default_rng(seed).choice(lesions, at_most, replace=False).tolist())
    return [record for record in records if record.lesion_id in drawn]
