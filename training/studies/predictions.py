"""Answers that another command wrote (``predictions.csv``), read back for a comparison on the same pictures."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inference.vocabulary import DIAGNOSES
from training.data.records import DataError, Record
from training.evaluation.predicted import numbered
from training.metrics import Answers

Floats = NDArray[np.float64]


def read(path: Path, records: Sequence[Record], side: str, log_prior: Floats) -> Answers:
    """The answers of ``records``, in their order, from a file with the columns image, path and one a diagnosis.

    ``side`` is 'fused' or 'image'. Scores are log p less the log prior (7,), so their arg-max decides p/prior.
    Raises ``DataError`` when a column or a picture is missing.
    """
    with path.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row.get("path", side) == side]
    missing = [name for name in ("image", *DIAGNOSES) if rows and name not in rows[0]]
    if missing:
        raise DataError(f"{path} has no column {', '.join(missing)}: give the predictions.csv that evaluate writes.")
    p_of = {row["image"]: [float(row[code]) for code in DIAGNOSES] for row in rows}
    lacking = [record.image_id for record in records if record.image_id not in p_of]
    if lacking:
        raise DataError(
            f"{path} answers {len(records) - len(lacking)} of {len(records)} pictures for the path {side!r}, "
            f"{lacking[0]} is missing: make it from the same split and side."
        )
    p = np.array([p_of[record.image_id] for record in records])
    return answers(p, records, log_prior)


def answers(p: Floats, records: Sequence[Record], log_prior: Floats) -> Answers:
    """From probabilities (N,7) under the prior of training."""
    return Answers(
        scores=np.log(np.maximum(p, 1e-9)) - log_prior,
        p=p,
        target=np.array([DIAGNOSES.index(record.diagnosis) for record in records]),
        lesion=numbered([record.lesion_id for record in records]),
    )
