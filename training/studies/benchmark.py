"""Every network of the registry in one table: size and time measured, figures from an honest and from a leaky split."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from training.metrics import BALANCED, Answers
from training.reporting.report import Cell, Report, Table
from training.studies.chosen import limits
from training.studies.contenders import Trained
from training.studies.latency import Cost
from training.studies.measured import Found, cells, columns, measure, plain
from training.studies.reported import NOTHING, REPORTED

GROUPED = (BALANCED, "macro_auc", "macro_f1 (arg-max p)", "accuracy (arg-max p)")
LEAKY = "accuracy (arg-max p)"
NOT_TRAINED = "not trained"


@dataclass(frozen=True)
class Row:
    """One line of the table; what is None was not measured. ``network`` names the row of the report beside it."""

    name: str
    network: str
    cost: Cost | None = None
    grouped: Found | None = None
    leaky: Found | None = None
    minutes: float | None = None
    epochs: int | None = None


def rows_of(network: str, cost: Cost, grouped: Trained | None, leaky: Trained | None, *, bootstrap: int) -> list[Row]:
    """The row of a network; the fused one has a second, with its metadata withheld."""
    names = {"fused": network, "image": f"{network}, picture alone"}
    paths = ("fused", "image") if network == "fused" else ("fused",)
    row = Row(network, network, cost)
    if grouped:
        row = replace(row, minutes=grouped.run.minutes, epochs=grouped.run.epochs)
    return [
        replace(
            row,
            name=names[path],
            grouped=measure(grouped.answers[path], GROUPED, bootstrap=bootstrap) if grouped else None,
            leaky=measure(leaky.answers[path], [LEAKY], bootstrap=bootstrap) if leaky else None,
        )
        for path in paths
    ]


def floor_row(name: str, grouped: Answers, leaky: Answers | None, *, bootstrap: int) -> Row:
    found = measure(leaky, [LEAKY], bootstrap=bootstrap) if leaky else None
    return Row(name, name, grouped=measure(grouped, GROUPED, bootstrap=bootstrap), leaky=found)


def build(rows: list[Row], stages: dict[str, tuple[float, float]], values: dict[str, Any], *, side: str) -> Report:
    """``stages`` holds milliseconds (median, 95th percentile) of a served bundle, or nothing."""
    missing = [row.name for row in rows if row.grouped is None]
    done = {row.name: row.grouped[BALANCED].value for row in rows if row.grouped is not None}
    best = max(done, key=lambda name: done[name]) if done else ""
    lead = f"Judged on the {side} side, of lesions never seen. "
    lead += f"Highest balanced accuracy (p/prior): {best}, {done[best]:.3f}, which is in part luck. " if done else ""
    lead += f"Not trained: {', '.join(missing)}." if missing else "Every network was trained."
    tables = [Table("benchmark", f"All networks, {side} side", COLUMNS, [_cells(row) for row in rows], _NOTE)]
    if stages:
        lines: list[list[Cell]] = [[stage, *laps] for stage, laps in stages.items()]
        title = "The served bundle by stage, one picture at a time"
        tables.append(Table("stages", title, ["stage", "p50 ms", "p95 ms"], lines, _STAGES))
    values = {
        **values,
        "side": side,
        "rows": [_plain(row) for row in rows],
        "stages": {k: list(v) for k, v in stages.items()},
    }
    return Report("Networks compared", lead, tables, values, (*limits(side), *_LIMITS))


COLUMNS = (
    *("network", "status", "parameters", "parameters (reported)"),
    *("p50 ms", "p95 ms", "ms (reported)", "minutes trained", "epochs"),
    *columns(tuple(f"grouped: {name}" for name in GROUPED)),
    *columns((f"image-level, leaks: {LEAKY}",)),
    *("accuracy (reported)", "F1 (reported)"),
)
_NOTE = (
    "Grouped: no lesion of the side that is judged is in training. Image-level: made as the reported figures were, "
    "with lesions on both sides; it stands here only to be compared with them. Each figure's decision rule stands in "
    "its name; low and high: 95 % interval by bootstrap over lesions. Milliseconds: this processor, one thread, one "
    "picture, torch."
)
_STAGES = "Decode to Grad-CAM as in the clinic's worker; write is the PNG of one heatmap."
_LIMITS = (
    "Equal training time is not equal training: a large network sees fewer pictures in it.",
    "One split and one seed; the intervals hold the chance of the side that is judged, not that of the training.",
    "The reported milliseconds are of an unnamed graphics card and cannot be compared with ours.",
)


def _cells(row: Row) -> list[Cell]:
    said = REPORTED.get(row.network, NOTHING)
    size: list[Cell] = [row.cost.parameters if row.cost else None, said.parameters]
    laps: list[Cell] = [row.cost.p50, row.cost.p95] if row.cost else [None, None]
    grouped = cells(row.grouped) if row.grouped else [None] * (3 * len(GROUPED))
    leaky = cells(row.leaky) if row.leaky else [None] * 3
    status = "trained" if row.grouped else NOT_TRAINED
    return [
        *(row.name, status, *size, *laps, said.milliseconds, row.minutes, row.epochs),
        *(*grouped, *leaky, said.accuracy, said.f1),
    ]


def _plain(row: Row) -> dict[str, Any]:
    figures = {
        side: {name: plain(one) for name, one in found.items()} if found else NOT_TRAINED
        for side, found in (("grouped", row.grouped), ("image_level", row.leaky))
    }
    cost = asdict(row.cost) if row.cost else None
    reported = asdict(REPORTED.get(row.network, NOTHING))
    return {
        "name": row.name,
        "cost": cost,
        "minutes": row.minutes,
        "epochs": row.epochs,
        **figures,
        "reported": reported,
    }
