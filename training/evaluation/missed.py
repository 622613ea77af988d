"""Every malignant lesion that was called benign, with its picture: the errors that matter most."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inference.vocabulary import DIAGNOSES, MALIGNANT
from training.data.records import Record
from training.evaluation.predicted import Predicted
from training.metrics import RULES
from training.reporting.report import Table

_THUMBNAIL = (120, 90)  # width, height of the page's small pictures


def called_benign(predicted: Predicted, rule: str) -> NDArray[np.bool_]:
    """Malignant rows (N,) whose class by ``rule`` is benign."""
    malignant = np.isin(predicted.answers.guess(rule), [DIAGNOSES.index(code) for code in MALIGNANT])
    missed: NDArray[np.bool_] = predicted.answers.malignant & ~malignant
    return missed


def not_flagged(predicted: Predicted) -> NDArray[np.bool_]:
    """Malignant rows (N,) below the flag threshold: those that would wait in the queue like a harmless one."""
    missed: NDArray[np.bool_] = predicted.answers.malignant & ~predicted.flagged
    return missed


def missed_table(predicted: Predicted, records: list[Record]) -> Table:
    """All rows that any rule calls benign: first those that are not flagged, the most confident error first.

    ``records`` are those of ``predicted``, row for row.
    """
    unflagged = not_flagged(predicted)
    wrong = np.flatnonzero(unflagged | np.any([called_benign(predicted, rule) for rule in RULES], axis=0))
    risk = predicted.answers.malignancy
    wrong = wrong[np.lexsort((risk[wrong], ~unflagged[wrong]))]
    guesses = {rule: predicted.answers.guess(rule) for rule in RULES}
    return Table(
        name="malignant_called_benign",
        title="Every malignant lesion that was called benign",
        columns=["image", "lesion", "truth", "flagged", *(f"called ({rule})" for rule in RULES), "malignancy"],
        rows=[
            [
                predicted.images[i],
                predicted.lesions[i],
                records[i].diagnosis,
                "yes" if predicted.flagged[i] else "NO",
                *(DIAGNOSES[guesses[rule][i]] for rule in RULES),
                float(risk[i]),
            ]
            for i in wrong
        ],
        note="Photographs of one lesion stand in rows of their own. Malignancy is p(mel) + p(bcc) + p(akiec).",
        thumbnails=[thumbnail(records[i].image) for i in wrong],
    )


def thumbnail(file: Path) -> bytes:
    """A small JPEG of a picture for a page."""
    with Image.open(file) as opened:
        small = opened.convert("RGB")
    small.thumbnail(_THUMBNAIL)
    out = io.BytesIO()
    small.save(out, "JPEG", quality=75)
    return out.getvalue()
