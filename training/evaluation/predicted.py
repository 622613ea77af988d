"""Answers to named photographs: pooled over folds, written to ``predictions.csv`` and read back."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inference.vocabulary import DIAGNOSES
from training.data.records import DataError, Record
from training.metrics import Answers, Floats, Labels

SCORES = tuple(f"score_{code}" for code in DIAGNOSES)
_SUM_OFF = 1e-3  # of rounded probabilities
HEADER = ("image", "lesion", "path", "truth", "abstain_reason", "malignancy", *DIAGNOSES, "flagged", "set", *SCORES)


@dataclass(frozen=True)
class Rows:
    """What a comparison needs of a prediction table: its path, then names, answers and flags of N rows."""

    name: str
    images: tuple[str, ...]
    lesions: tuple[str, ...]
    answers: Answers
    flagged: NDArray[np.bool_]


@dataclass(frozen=True)
class Predicted:
    """What one path says of N named photographs, all in one order.

    answers: scores and calibrated p; its lesions are numbered in the order of their names.
    uncalibrated: p (N,7) as it is before the temperature was fitted.
    sets: prediction sets (N,7); flagged: (N,) malignancy at or above the flag threshold.
    reasons: why the served bundle abstains, or an empty text; a run that is not served never does.
    """

    images: tuple[str, ...]
    lesions: tuple[str, ...]
    answers: Answers
    uncalibrated: Floats
    sets: NDArray[np.bool_]
    flagged: NDArray[np.bool_]
    reasons: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.images)

    def rows(self, name: str) -> Rows:
        """What a comparison needs of these answers."""
        return Rows(name, self.images, self.lesions, self.answers, self.flagged)


def numbered(lesions: Sequence[str]) -> NDArray[np.int64]:
    """Each lesion's number (N,) in the order of their names: one bootstrap draws the same lesions for every model."""
    numbers: NDArray[np.int64] = np.unique(np.array(lesions), return_inverse=True)[1]
    return numbers


def join(parts: Sequence[Rows]) -> Rows:
    """Rows of several folds as one. Raises ``DataError`` when a photograph was answered twice."""
    images = tuple(image for part in parts for image in part.images)
    repeated = [image for image, count in Counter(images).items() if count > 1]
    if repeated:
        raise DataError(
            f"{len(repeated)} photographs were tested by more than one run, {repeated[0]} for one: only runs of "
            "different folds pool into an out-of-fold figure (export joins runs of one fold into an ensemble)."
        )
    lesions = tuple(lesion for part in parts for lesion in part.lesions)
    answers = Answers(
        scores=np.concatenate([part.answers.scores for part in parts]),
        p=np.concatenate([part.answers.p for part in parts]),
        target=np.concatenate([part.answers.target for part in parts]),
        lesion=numbered(lesions),
    )
    return Rows(parts[0].name, images, lesions, answers, np.concatenate([part.flagged for part in parts]))


def pool(parts: Sequence[Predicted]) -> Predicted:
    """The rows of several folds as one. Raises ``DataError`` when a photograph was answered twice."""
    rows = join([part.rows("") for part in parts])
    return Predicted(
        images=rows.images,
        lesions=rows.lesions,
        answers=rows.answers,
        uncalibrated=np.concatenate([part.uncalibrated for part in parts]),
        sets=np.concatenate([part.sets for part in parts]),
        flagged=rows.flagged,
        reasons=tuple(reason for part in parts for reason in part.reasons),
    )


def write_predictions(file: Path, paths: Mapping[str, Predicted]) -> None:
    """One row for each photograph and path; the folder is made if need be."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(HEADER)
        for path, predicted in paths.items():
            writer.writerows(_row(predicted, path, i) for i in range(len(predicted)))


def _row(predicted: Predicted, path: str, i: int) -> tuple[object, ...]:
    a = predicted.answers
    members = " ".join(code for code, inside in zip(DIAGNOSES, predicted.sets[i], strict=True) if inside)
    return (
        predicted.images[i],
        predicted.lesions[i],
        path,
        DIAGNOSES[a.target[i]],
        predicted.reasons[i],
        f"{a.malignancy[i]:.6f}",
        *(f"{value:.6f}" for value in a.p[i]),
        int(predicted.flagged[i]),
        members,
        *(f"{value:.6f}" for value in a.scores[i]),
    )


def read_predictions(file: Path, path: str | None = None) -> Rows:
    """The rows of one path (the file's first unless named) of a ``predictions.csv``.

    Raises ``DataError`` when the file is no such table, does not hold that path, answers a photograph twice, or when a
    row states what is no number, no probability or no diagnosis: such a row would be counted as some answer or other.
    """
    if not file.is_file():
        raise DataError(f"{file} is missing: point to a predictions.csv, or to the folder of an evaluation.")
    with file.open(newline="") as opened:
        reader = csv.DictReader(opened)
        missing = [name for name in HEADER if name not in (reader.fieldnames or ())]
        if missing:
            raise DataError(f"{file} has no column {missing[0]!r}: evaluate the model again with this version.")
        every = list(reader)
    held = list(dict.fromkeys(row["path"] for row in every))
    if not held or (path or held[0]) not in held:
        raise DataError(f"{file} holds the paths {', '.join(held) or 'of no row'}, not {path!r}.")
    path = path or held[0]
    rows = [row for row in every if row["path"] == path]
    _check(rows, file)
    lesions = tuple(row["lesion"] for row in rows)
    return Rows(
        name=path,
        images=tuple(row["image"] for row in rows),
        lesions=lesions,
        answers=Answers(_columns(rows, SCORES), _columns(rows, DIAGNOSES), _targets(rows), numbered(lesions)),
        flagged=np.array([row["flagged"] == "1" for row in rows]),
    )


def _check(rows: list[dict[str, str]], file: Path) -> None:
    for image, count in Counter(row["image"] for row in rows).items():
        if count > 1:
            raise DataError(f"{file} answers {image} {count} times: leave one row of it for each path.")
    for row in rows:
        if fault := _fault(row):
            raise DataError(f"{file}: the row of {row['image']} {fault}; evaluate the model again.")


def _fault(row: dict[str, str]) -> str:
    """What is wrong with a row, or an empty text."""
    try:
        p, scores = (np.array([float(row[name]) for name in names]) for names in (DIAGNOSES, SCORES))
    except (TypeError, ValueError):
        return "lacks a score or a probability"
    if not (np.isfinite(p).all() and np.isfinite(scores).all()):
        return "holds a score or a probability that is no number"
    if p.min() < 0 or abs(p.sum() - 1) > _SUM_OFF:
        return f"has probabilities that sum to {p.sum():.4g}, or one below 0"
    if row["truth"] not in DIAGNOSES:
        return f"states the truth {row['truth']!r}, which is none of {', '.join(DIAGNOSES)}"
    return "" if row["flagged"] in {"0", "1"} else f"is flagged {row['flagged']!r}, not 0 or 1"


def answers_to(rows: Rows, records: Sequence[Record], file: Path) -> Answers:
    """The answers of ``rows``, read from ``file``, to ``records`` in their order. ``DataError`` when one is missing."""
    place = {image: i for i, image in enumerate(rows.images)}
    lacking = [record.image_id for record in records if record.image_id not in place]
    if lacking:
        raise DataError(
            f"{file} answers {len(records) - len(lacking)} of {len(records)} pictures for the path {rows.name!r}, "
            f"{lacking[0]} is missing: make it from the same split and side."
        )
    found = rows.answers.take(np.array([place[record.image_id] for record in records]))
    told = np.array([DIAGNOSES.index(record.diagnosis) for record in records])
    if not np.array_equal(found.target, told):
        raise DataError(f"{file} states other truths than these data: it was made from another release.")
    return replace(found, lesion=numbered([record.lesion_id for record in records]))


def _columns(rows: list[dict[str, str]], names: Sequence[str]) -> Floats:
    return np.array([[float(row[name]) for name in names] for row in rows])


def _targets(rows: list[dict[str, str]]) -> Labels:
    return np.array([DIAGNOSES.index(row["truth"]) for row in rows])
