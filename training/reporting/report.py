"""A report as values: what was asked, the answer in a sentence, tables and figures. ``write`` puts it on disk.

One report is one folder: ``report.json`` (everything as plain values), a CSV for each table, a PNG for each figure, and
``report.html``, one self-contained page that a clinician can read, print and send without anything beside it.
"""

from __future__ import annotations

import csv
import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.figure import Figure as Drawing

Cell = str | int | float | bool | None


@dataclass(frozen=True)
class Table:
    """``name`` becomes the CSV's file name; ``note`` says below the table how to read it.

    ``thumbnails`` holds a JPEG for each row, or nothing; the page alone shows them, before the row.
    """

    name: str
    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    note: str = ""
    thumbnails: Sequence[bytes] = ()


@dataclass(frozen=True)
class Words:
    """Sentences under a title: what the tables and figures below them come to."""

    title: str
    sentences: Sequence[str]


@dataclass(frozen=True)
class Picture:
    """A drawn figure. ``name`` becomes the PNG's file name; ``caption`` says in a sentence what is to be seen."""

    name: str
    title: str
    caption: str
    drawing: Drawing


@dataclass(frozen=True)
class Report:
    """``lead`` holds the answer in one to three sentences; ``parts`` are read in their order."""

    title: str
    lead: str
    parts: Sequence[Words | Table | Picture]
    values: dict[str, Any]  # all that was computed, for report.json
    limits: Sequence[str] = field(default_factory=tuple)  # what the figures cannot say


def without_photographs(report: Report) -> Report:
    """The same report without the photographs beside its rows, for where the data may not be passed on."""
    parts = [replace(part, thumbnails=()) if isinstance(part, Table) else part for part in report.parts]
    return replace(report, parts=parts)


def command_line(argv: Sequence[str]) -> str:
    """The command that makes a report again, as it is quoted in one."""
    return shlex.join(["python", "-m", "training", *argv])


def write(report: Report, out: Path, *, command: str) -> None:
    """Write ``report`` into the folder ``out``, which is made if need be; drawings are closed."""
    from training.reporting.page import render

    out.mkdir(parents=True, exist_ok=True)
    made = datetime.now(UTC).date().isoformat()
    document = {"title": report.title, "lead": report.lead, "made": made, "command": command, **report.values}
    (out / "report.json").write_text(json.dumps(document, indent=1, allow_nan=False) + "\n")
    for part in report.parts:
        if isinstance(part, Table):
            _write_csv(part, out / f"{part.name}.csv")
        elif isinstance(part, Picture):
            part.drawing.savefig(out / f"{part.name}.png", dpi=110)
            plt.close(part.drawing)
    (out / "report.html").write_text(render(report, out, made=made, command=command))


def _write_csv(table: Table, path: Path) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([table.columns, *table.rows])
