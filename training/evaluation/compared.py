"""The report of a comparison: what is better, what is worse, and what the data cannot tell apart."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from training.evaluation.agreement import agreement, agreement_words
from training.evaluation.full import plain
from training.evaluation.paired import LOWER_IS_BETTER, Difference
from training.evaluation.predicted import Rows
from training.evaluation.tables import slug, spread, spread_names
from training.metrics import RULES
from training.reporting.report import Report, Table, Words

SIGNIFICANT = 0.05


def comparison_report(a: Rows, b: Rows, found: Mapping[str, Difference], names: tuple[str, str]) -> Report:
    """``found`` is what ``paired.compare`` measured of ``a`` and ``b``, aligned; ``names`` say what A and B are."""
    same = agreement(a, b)
    groups: dict[str, list[str]] = {"better": [], "worse": [], "alike": []}
    for figure, difference in found.items():
        groups[judged(figure, difference)].append(figure)
    said = {key: [_sentence(name, found[name]) for name in chosen] for key, chosen in groups.items()}
    lead = (
        f"A is {names[0]} ({a.name}); B is {names[1]} ({b.name}). On the same {len(a.images):,} photographs of "
        f"{len(np.unique(a.answers.lesion)):,} lesions B is better in {len(said['better'])} figures and worse in "
        f"{len(said['worse'])}; in {len(said['alike'])} these data show no difference."
    )
    return Report(
        title=f"{names[1]} against {names[0]}",
        lead=lead,
        parts=[
            Words("Where B is better", said["better"] or ["Nowhere that these data could show."]),
            Words("Where B is worse", said["worse"] or ["Nowhere that these data could show."]),
            agreement_words(same),
            *_tables(found),
        ],
        values=plain(
            {"a": names[0], "b": names[1], "paths": [a.name, b.name], "differences": found, "agreement": same}
        ),
        limits=(
            f"{len(found)} figures are compared and no p is corrected for that: one in twenty differs by chance.",
            "Both networks were trained once: another seed moves a figure too, and no interval here holds that.",
            "No difference shown is not the same as no difference: the interval says how large one could be.",
        ),
    )


def judged(figure: str, found: Difference) -> str:
    """'better' or 'worse' for B where p is below .05 and the interval keeps off zero, else 'alike'."""
    interval = found.difference
    if not found.p < SIGNIFICANT or interval.low <= 0 <= interval.high:
        return "alike"
    return "better" if (interval.value > 0) != (figure in LOWER_IS_BETTER) else "worse"


def _sentence(name: str, found: Difference) -> str:
    gap = found.difference
    return (
        f"{name}: {found.a:.3f} → {found.b:.3f}, by {gap.value:+.3f} (interval {gap.low:+.3f} to {gap.high:+.3f}), "
        f"p = {found.p:.3f}."
    )


def _tables(found: Mapping[str, Difference]) -> list[Table]:
    titles = {rule: f"Decided by {rule}, rare classes first" for rule in RULES}
    titles["flag"] = "Decided by the flag threshold of each model"
    chosen = {rule: [name for name in found if name.endswith(f"({rule})")] for rule in titles}
    titles["no decision"] = "Ranking and calibration: no decision rule"
    chosen["no decision"] = [name for name in found if not name.endswith(")")]
    return [
        Table(
            name=f"differences_{slug(rule)}",
            title=title,
            columns=["figure", "A", "B", *spread_names("B − A"), "p"],
            rows=[[name, *_cells(found[name])] for name in chosen[rule]],
            note="95 % intervals and two-sided p by paired bootstrap over lesions.",
        )
        for rule, title in titles.items()
    ]


def _cells(found: Difference) -> list[str | int | float | bool | None]:
    values = [None if np.isnan(value) else value for value in (found.a, found.b, found.p)]
    return [values[0], values[1], *spread(found.difference), values[2]]
