"""What eight bits change: the answers of a rounded bundle beside those of the one that it was made from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.bundle import MODEL_FILE, Bundle
from training.data.records import Record
from training.evaluation.compared import comparison_report
from training.evaluation.paired import compare
from training.evaluation.predicted import Rows
from training.export.quantised import Held
from training.metrics import RULES, Answers
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
    found = changes(was, now)
    share = after.manifest.files[MODEL_FILE].size / before.manifest.files[MODEL_FILE].size
    values = {**report.values, "changes": found, "share_of_bytes": share, "quantised_from": before.sha256}
    return replace(
        report,
        title=f"{names[1]} in eight bits",
        parts=[Words("What changes in single answers", _sentences(found, share)), *report.parts],
        values=values,
        limits=(LIMIT, *report.limits),
    )


def changes(was: Held, now: Held) -> dict[str, Any]:
    """Shares of photographs with the same guess, set and flag, and how far scores and probabilities moved."""
    a, b = (held.fitted.answers(held.test, PATH) for held in (was, now))
    sets = [held.fitted.sets(answers, PATH) for held, answers in ((was, a), (now, b))]
    moved = np.abs(a.p - b.p).max(axis=1)  # (N,)
    return {
        "photographs": len(a.target),
        "same_guess": {rule: float(np.mean(a.guess(rule) == b.guess(rule))) for rule in RULES},
        "same_set": float(np.mean((sets[0] == sets[1]).all(axis=1))),
        "same_flag": float(np.mean(_flagged(was, a) == _flagged(now, b))),
        "largest_change_of_a_score": float(np.abs(a.scores - b.scores).max()),
        "change_of_p": {
            "median": float(np.median(moved)),
            "99 %": _percentile(moved, 99),
            "largest": float(moved.max()),
        },
    }


def _percentile(values: NDArray[np.float64], percent: float) -> float:
    return float(np.percentile(values, percent))


def _flagged(held: Held, answers: Answers) -> NDArray[np.bool_]:
    return np.asarray(answers.malignancy >= held.fitted.threshold)


def _rows(held: Held, records: list[Record]) -> Rows:
    answers = held.fitted.answers(held.test, PATH)
    images, lesions = (tuple(getattr(record, key) for record in records) for key in ("image_id", "lesion_id"))
    return Rows(PATH, images, lesions, answers, _flagged(held, answers))


def _sentences(found: dict[str, Any], share: float) -> list[str]:
    guesses = ", ".join(f"{value:.1%} by {rule}" for rule, value in found["same_guess"].items())
    half, most, largest = (f"{found['change_of_p'][key]:.3f}" for key in ("median", "99 %", "largest"))
    return [
        f"Of {found['photographs']:,} photographs the likeliest diagnosis stays the same for {guesses}.",
        f"The prediction set stays the same for {found['same_set']:.1%}, the flag for {found['same_flag']:.1%}.",
        f"A probability moves by at most {half} in half of the photographs, {most} in 99 %, {largest} in the last.",
        f"The graph takes {share:.0%} of the bytes.",
    ]
