"""The tables of an evaluation. One decision rule a table; df, vasc and akiec first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from inference.vocabulary import DIAGNOSES
from training.evaluation.calibrated import STATES
from training.metrics import RARE_FIRST, RULES, Answers, Interval, Point, Ranking, confusion
from training.reporting.report import Cell, Table

Row = list[Cell]
BOUNDS = "95 % intervals by bootstrap over lesions."


def spread(found: Interval | None) -> Row:
    """Value, low and high as cells; a gap where nothing is known."""
    if found is None:
        return [None, None, None]
    return [None if np.isnan(part) else part for part in (found.value, found.low, found.high)]


def spread_names(name: str) -> list[str]:
    return [name, "low", "high"]


def headline_tables(figures: Mapping[str, Mapping[str, Interval]]) -> list[Table]:
    """The headline figures of every path side by side: a table for each decision rule, and one that needs none."""
    names = list(next(iter(figures.values())))
    groups = {rule: [name for name in names if name.endswith(f"({rule})")] for rule in RULES}
    groups["no decision"] = [name for name in names if not name.endswith(")")]
    columns = ["figure", *(column for path in figures for column in spread_names(path))]
    return [
        Table(
            name=f"figures_{slug(rule)}",
            title=f"Headline figures, {rule if rule in RULES else 'ranking and calibration: no decision rule'}",
            columns=columns,
            rows=[[name, *(cell for path in figures for cell in spread(figures[path][name]))] for name in chosen],
            note=BOUNDS,
        )
        for rule, chosen in groups.items()
    ]


def class_table(rule: str, scores: Mapping[str, Mapping[str, Interval]], counts: Mapping[str, int]) -> Table:
    """Precision, recall and F1 of each class by one rule, then their macro and weighted means."""
    rows: list[Row] = [
        [code, counts.get(code), *(cell for score in scores[code].values() for cell in spread(score))]
        for code in (*RARE_FIRST, "macro", "weighted")
    ]
    return Table(
        name=f"classes_{slug(rule)}",
        title=f"Each class by {rule}, rare classes first",
        columns=["class", "n", *(column for score in ("precision", "recall", "F1") for column in spread_names(score))],
        rows=rows,
        note=f"{BOUNDS} The macro recall is the balanced accuracy, over the classes that have photographs here; the "
        "weighted recall is the accuracy. A share without cases counts 0, as in scikit-learn.",
    )


def ranking_table(found: Mapping[str, Ranking], counts: Mapping[str, int]) -> Table:
    total = max(sum(counts.values()), 1)
    return Table(
        name="ranking",
        title="How well each class stands out from the rest, by its calibrated p",
        columns=["class", "n", *spread_names("ROC AUC"), *spread_names("average precision"), "share of the class"],
        rows=[
            [c, counts[c], *spread(found[c].auc), *spread(found[c].average_precision), counts[c] / total]
            for c in RARE_FIRST
        ],
        note=f"{BOUNDS} A score that knows nothing has an AUC of .5 and an average precision of the class's share.",
    )


def point_table(name: str, title: str, points: list[tuple[str, Point, Interval]]) -> Table:
    rows: list[Row] = []
    for asked, at, other in points:
        sensitivity, specificity = spread(other), spread(other)
        if asked.startswith("specificity"):
            specificity = [at.specificity, None, None]
        else:
            sensitivity = [at.sensitivity, None, None]
        rows.append([asked, at.threshold if np.isfinite(at.threshold) else None, *sensitivity, *specificity])
    return Table(
        name=name,
        title=title,
        columns=["asked for", "threshold", *spread_names("sensitivity"), *spread_names("specificity")],
        rows=rows,
        note=f"{BOUNDS} Thresholds are chosen on these very rows: a clinic's own will differ. What is asked for has no "
        "interval.",
    )


def calibration_table(found: Mapping[str, Mapping[str, Mapping[str, Interval]]]) -> Table:
    """``found``: path → state ('before', 'after') → figure."""
    names = list(next(iter(found.values()))[STATES[0]])
    return Table(
        name="calibration",
        title="Do the probabilities mean what they say?",
        columns=["path", "temperature", *(column for name in names for column in spread_names(name))],
        rows=[
            [path, state, *(cell for name in names for cell in spread(found[path][state][name]))]
            for path in found
            for state in STATES
        ],
        note=f"{BOUNDS} Before and after the temperature that was fitted on the validation side. Calibration errors "
        "over 15 bins of equal mass; 0 is perfect. Draws with repeats look worse calibrated than the rows: the "
        "intervals of calibration errors lie high.",
    )


def subgroup_table(grouping: str, groups: Mapping[str, Mapping[str, Any]]) -> Table:
    figures = ("malignant_auc", "malignant_sensitivity (flag)", "benign_specificity (flag)", "accuracy (p/prior)")
    columns = [grouping, "images", "lesions", "malignant images"]
    rows: list[Row] = []
    for name, row in groups.items():
        cells = [cell for figure in figures for cell in spread(Interval(**row[figure]) if row[figure] else None)]
        rows.append([name, row["n_images"], row["n_lesions"], row["n_malignant"], *cells])
    return Table(
        name=f"by_{grouping}",
        title=f"By {grouping}",
        columns=[*columns, *(column for figure in figures for column in spread_names(figure))],
        rows=rows,
        note=f"{BOUNDS} 'flag' is malignancy at or above the flag threshold. Groups differ in what they hold: compare "
        "with care, and not at all where the interval is wide.",
    )


def confusion_table(name: str, title: str, a: Answers, rule: str) -> Table:
    order = [DIAGNOSES.index(code) for code in RARE_FIRST]
    matrix = confusion(a.target, a.guess(rule))[np.ix_(order, order)]
    rows: list[Row] = [[code, *counts] for code, counts in zip(RARE_FIRST, matrix.tolist(), strict=True)]
    return Table(
        name=name, title=title, columns=[f"truth \\ {rule}", *RARE_FIRST], rows=rows, note="Rows are the truth."
    )


def slug(text: str) -> str:
    """As a file name."""
    return text.replace("/", "_").replace(" ", "_").replace("-", "_")
