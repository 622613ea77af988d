"""The full report of an evaluation: from answers to a page that says first, in words, what they come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, is_dataclass
from typing import Any

import numpy as np

from inference.vocabulary import DIAGNOSES
from training.data.records import Record
from training.evaluation import tables
from training.evaluation.calibrated import calibration, reliability_panels
from training.evaluation.drawings import draw_confusion, draw_precision_recall, draw_reliability, draw_roc
from training.evaluation.missed import called_benign, missed_table, not_flagged
from training.evaluation.predicted import Predicted
from training.evaluation.side import report as side_report
from training.evaluation.subgroups import subgroups
from training.evaluation.words import verdict
from training.metrics import (
    RARE_FIRST,
    RULES,
    Answers,
    Interval,
    points_with_intervals,
    rankings,
    scores_with_intervals,
)
from training.reporting.report import Picture, Report, Table, Words

LIMIT = "One held-out side moves balanced accuracy by several points with the draw: read the intervals, not the middle."


@dataclass(frozen=True)
class Subject:
    """What was evaluated ('ham10000-fused 0.1.0'), on which rows, what is particular about them and about the data."""

    name: str
    rows: str
    values: Mapping[str, Any]  # for report.json: hashes, runs, splits
    limits: tuple[str, ...] = ()
    data_limits: tuple[str, ...] = ()  # ``sources.limits_of`` the data, and of those that it learned from if others


def full_report(
    subject: Subject,
    paths: Mapping[str, Predicted],
    records: list[Record],
    *,
    extras: Mapping[str, Mapping[str, Any]] | None = None,
    bootstrap: int = 1000,
) -> Report:
    """The report of all ``paths``; the first is shown in full. ``records`` hold the photographs in any order.

    Its values hold, by path, what ``training.evaluation.side.report`` measures, with ``extras`` and, for the first
    path, all that its tables show.
    """
    main, predicted = next(iter(paths.items()))
    by_image = {record.image_id: record for record in records}
    rows = [by_image[image] for image in predicted.images]
    measured = {
        path: {**side_report(p.answers, p.sets, bootstrap=bootstrap), **(extras or {}).get(path, {})}
        for path, p in paths.items()
    }
    details = _details(predicted, rows, bootstrap)
    said = verdict(subject.name, predicted, measured[main], details["subgroups"], bootstrap=bootstrap)
    calibrated = {path: calibration(p, bootstrap=bootstrap) for path, p in paths.items()}
    first = [Words("Before you read on", subject.limits)] if subject.limits else []
    parts: list[Words | Table | Picture] = [
        *first,
        Words("What it does well", said.well or ["Nothing reached the bounds that we set."]),
        Words("What it does badly", said.badly or ["Nothing fell below the bounds that we set."]),
        *([Words("Of these it saw too few to be judged", said.unsure)] if said.unsure else []),
        *tables.headline_tables({path: _intervals(measured[path]["figures"]) for path in paths}),
        *_class_parts(paths, details),
        *_curve_parts(predicted.answers, details),
        tables.calibration_table(calibrated),
        _picture("reliability", "Reliability", "On the line, what is said is what is so.", _reliability(predicted)),
        *(tables.subgroup_table(grouping, groups) for grouping, groups in details["subgroups"].items()),
        missed_table(predicted, rows),
        *_engines(extras or {}),
    ]
    measured[main] |= {**details, "calibration": calibrated[main]}
    return Report(
        title=f"{subject.name}: {subject.rows}",
        lead=said.lead,
        parts=parts,
        values=plain({**subject.values, "well": said.well, "badly": said.badly, "unsure": said.unsure, **measured}),
        limits=(*subject.data_limits, LIMIT),
    )


def _engines(extras: Mapping[str, Mapping[str, Any]]) -> list[Words]:
    named = [f"{path}: {extra['runtime']}" for path, extra in extras.items() if "runtime" in extra]
    return [Words("The engine that answered", named)] if named else []


def _details(predicted: Predicted, records: list[Record], bootstrap: int) -> dict[str, Any]:
    a = predicted.answers
    melanoma = a.p[:, DIAGNOSES.index("mel")]
    asked = {"melanoma": (a.melanoma, melanoma), "malignant": (a.malignant, a.malignancy)}
    return {
        "by_rule": {rule: scores_with_intervals(a, rule, bootstrap=bootstrap) for rule in RULES},
        "ranking": rankings(a, bootstrap=bootstrap),
        "operating_points": {
            name: points_with_intervals(positive, score, a.lesion, bootstrap=bootstrap)
            for name, (positive, score) in asked.items()
            if 0 < positive.sum() < len(positive)
        },
        "subgroups": subgroups(predicted, records, bootstrap=bootstrap),
        "malignant_called_benign": {
            "n_malignant": int(a.malignant.sum()),
            "not flagged": int(not_flagged(predicted).sum()),
            **{rule: int(called_benign(predicted, rule).sum()) for rule in RULES},
        },
    }


def _class_parts(paths: Mapping[str, Predicted], details: Mapping[str, Any]) -> list[Table | Picture]:
    main, predicted = next(iter(paths.items()))
    a = predicted.answers
    counts = {code: int((a.target == DIAGNOSES.index(code)).sum()) for code in RARE_FIRST}
    parts: list[Table | Picture] = [tables.class_table(rule, details["by_rule"][rule], counts) for rule in RULES]
    shown = [(f"confusion_{path}", path, p.answers, "p/prior") for path, p in paths.items()]
    shown.append((f"confusion_{main}_arg_max_p", main, a, "arg-max p"))
    for name, path, answers, rule in shown:
        title = f"What was taken for what: {path}, {rule}"
        table = tables.confusion_table(name, title, answers, rule)
        matrix = np.array([row[1:] for row in table.rows])
        caption = "Rows are the truth, columns the answer; shades are shares of the row."
        parts += [table, _picture(name, title, caption, draw_confusion(matrix, RARE_FIRST, f"{path}, {rule}"))]
    return parts


def _curve_parts(a: Answers, details: Mapping[str, Any]) -> list[Table | Picture]:
    counts = {code: int((a.target == DIAGNOSES.index(code)).sum()) for code in RARE_FIRST}
    titles = {"melanoma": "Finding melanoma, by p(mel)", "malignant": "Finding what is malignant, by malignancy"}
    points = [
        tables.point_table(f"operating_points_{name}", titles[name], found)
        for name, found in details["operating_points"].items()
    ]
    rest = "by its calibrated p; the grey line is guessing."
    return [
        tables.ranking_table(details["ranking"], counts),
        _picture("roc", "ROC", f"Sensitivity over 1 − specificity, a class against the rest, {rest}", draw_roc(a)),
        _picture(
            "precision_recall",
            "Precision and recall",
            "Of those named, the share that is right, against the share that is found.",
            draw_precision_recall(a),
        ),
        *points,
    ]


def _picture(name: str, title: str, caption: str, drawing: Any) -> Picture:
    return Picture(name=name, title=title, caption=caption, drawing=drawing)


def _reliability(predicted: Predicted) -> Any:
    return draw_reliability(reliability_panels(predicted))


def _intervals(figures: Mapping[str, Mapping[str, float]]) -> dict[str, Interval]:
    return {name: Interval(**found) for name, found in figures.items()}


def plain(value: Any) -> Any:
    """As JSON holds it: dataclasses as objects, what is not a number as null."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
