"""How a run does on the fixed rare subset, and how often that subset has been looked at."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np

from inference.vocabulary import DIAGNOSES, DIAGNOSIS_NAMES
from training.data.labels import RARE
from training.data.rare import RareSubset
from training.evaluation.judged import Judged
from training.metrics import RARE_FIRST, Interval, rate
from training.reporting.report import Cell, Report, Table


def build(judged: Judged, subset: RareSubset, *, reading: int, bootstrap: int) -> Report:
    """The report of ``judged``, the scores of the subset's images; ``reading`` is the how-manyth look at it."""
    guess = judged.fused.argmax(axis=1)
    recalls = {code: _recall(judged, guess, code, bootstrap) for code in RARE}
    found = ", ".join(_words(code, recall) for code, recall in recalls.items())
    lead = (
        f"Of the rare photographs held back, the run recognises {found} (p/prior). This is reading {reading} of the "
        "subset; the more readings, the less it proves."
    )
    return Report(
        title="The rare classes",
        lead=lead,
        parts=[_recall_table(judged, recalls), _answer_table(judged, guess)],
        values={
            "recall (p/prior)": {code: asdict(found) for code, found in recalls.items()},
            "images": len(subset.images),
            "reading": reading,
            "subset_sha256": subset.digest(),
            "split": subset.scheme,
            "split_sha256": subset.split_sha256,
        },
        limits=[
            "The subset holds no other class: it shows what is missed, not how often another is taken for a rare one.",
            "A few dozen lesions: read the intervals.",
        ],
    )


def _recall(judged: Judged, guess: np.ndarray, code: str, bootstrap: int) -> Interval:
    of_class = judged.target == DIAGNOSES.index(code)
    return rate(guess[of_class] == DIAGNOSES.index(code), judged.lesion[of_class], bootstrap=bootstrap)


def _words(code: str, recall: Interval) -> str:
    return f"{recall.value:.0%} of {code} ({recall.low:.0%}–{recall.high:.0%})"


def _recall_table(judged: Judged, recalls: dict[str, Interval]) -> Table:
    rows: list[list[Cell]] = []
    for code, found in recalls.items():
        of_class = judged.target == DIAGNOSES.index(code)
        lesions = len(np.unique(judged.lesion[of_class]))
        rows.append([code, DIAGNOSIS_NAMES[code], int(of_class.sum()), lesions, found.value, found.low, found.high])
    columns = ["class", "name", "photographs", "lesions", "recall (p/prior)", "low", "high"]
    return Table("recall", "Recall, with metadata", columns, rows, "95 % intervals by bootstrap over lesions.")


def _answer_table(judged: Judged, guess: np.ndarray) -> Table:
    rows: list[list[Cell]] = []
    for code in RARE:
        answers = guess[judged.target == DIAGNOSES.index(code)]
        rows.append([code, *(int((answers == DIAGNOSES.index(answer)).sum()) for answer in RARE_FIRST)])
    return Table("answers", "What they were taken for (p/prior)", ["truth", *RARE_FIRST], rows, "Photographs.")
