"""What eight bits change: the answers of a rounded bundle beside those of the one that it was made from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from inference.bundle import MODEL_FILE, Bundle
from training.data.records import Record
from training.evaluation.compared import comparison_report
from training.evaluation.paired import compare
from training.evaluation.predicted import Rows
from training.export.quantised import Held
from training.metrics import Answers
from training.reporting.report import Report, Words

PATH = "fused"
LIMIT = (
    "Both were calibrated on the validation side by their own scores: what is compared is each as it would be served."
)


def build(before: Bundle, after: Bundle, was: Held, now: Held, records: list[Record], *, bootstrap: int) -> Report:
    """The comparison on the test side (``records``, in its order), after a few sentences about single answers."""
    a, b = (_rows(held, records) for held in (was, now))
    names = tuple(f"{one.manifest.name} {one.manifest.version}" for one in (before, after))
    report = comparison_report(a, b, compare(a, b, bootstrap=bootstrap), (names[0], names[1]))
    same_set = _same_set(was, now)
    share = after.manifest.files[MODEL_FILE].size / before.manifest.files[MODEL_FILE].size
    said = [f"The prediction set stays the same for {same_set:.1%}.", f"The graph takes {share:.0%} of the bytes."]
    more = {"same_set": same_set, "share_of_bytes": share, "quantised_from": before.sha256}
    return replace(
        report,
        title=f"{names[1]} in eight bits",
        parts=[Words("What eight bits change beside", said), *report.parts],
        values={**report.values, **more},
        limits=(LIMIT, *report.limits),
    )


def _same_set(was: Held, now: Held) -> float:
    a, b = (held.fitted.sets(held.fitted.answers(held.test, PATH), PATH) for held in (was, now))
    return float(np.mean((a == b).all(axis=1)))


def _flagged(held: Held, answers: Answers) -> NDArray[np.bool_]:
    return np.asarray(answers.malignancy >= held.fitted.threshold)


def _rows(held: Held, records: list[Record]) -> Rows:
    answers = held.fitted.answers(held.test, PATH)
    images, lesions = (tuple(getattr(record, key) for record in records) for key in ("image_id", "lesion_id"))
    return Rows(PATH, images, lesions, answers, _flagged(held, answers))
