"""What each part of the recipe is worth: each switch trained as long as the base; metadata withheld and shuffled."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from training.metrics import Answers, Interval
from training.reporting.report import Cell, Report, Table
from training.studies import answered
from training.studies.contenders import Field, Trained
from training.studies.measured import BALANCED, Found, cells, columns, gain, measure, plain, text

FIGURES = (BALANCED, "macro_auc", "macro_f1 (arg-max p)", "accuracy (arg-max p)")
BASE, WITHHELD, SHUFFLED = "base", "metadata withheld", "metadata shuffled"
ALLOWED_LOSS = -0.02  # withheld metadata may cost two points against a network that was trained without them


@dataclass(frozen=True)
class Row:
    """One line: its figures and what it gains over the base, paired; None where it was not trained."""

    name: str
    changes: str
    found: Found | None
    gained: Interval | None
    minutes: float | None = None
    epochs: int | None = None


def trained_row(name: str, changes: str, trained: Trained | None, base: Answers | None, *, bootstrap: int) -> Row:
    """The line of a run, with how long it was trained."""
    if trained is None:
        return row(name, changes, None, base, bootstrap=bootstrap)
    made = row(name, changes, trained.answers["fused"], base, bootstrap=bootstrap)
    return replace(made, minutes=trained.run.minutes, epochs=trained.run.epochs)


def row(name: str, changes: str, answers: Answers | None, base: Answers | None, *, bootstrap: int) -> Row:
    if answers is None:
        return Row(name, changes, None, None)
    won = gain(answers, base, bootstrap=bootstrap) if base is not None else None
    return Row(name, changes, measure(answers, FIGURES, bootstrap=bootstrap), won)


def shuffled(trained: Trained, field: Field, *, seed: int = 0) -> Answers:
    """The run's fused answers when each test picture comes with the age, sex and site of another one."""
    place = {record.image_id: i for i, record in enumerate(field.records)}
    rows = [place[image] for image in trained.run.split.test]
    records = list(field.records)
    for row_, other in zip(rows, np.random.default_rng(seed).permutation(rows).tolist(), strict=True):
        records[row_] = replace(field.records[row_], metadata=field.records[other].metadata)
    return answered.answer(trained.run, records, field.pictures, ["test"])["test"]["fused"]


def build(base: str, rows: list[Row], withheld: Interval | None, values: dict[str, Any]) -> Report:
    """``withheld``: the base without metadata less a network trained without them, or None where one is missing."""
    done = [one for one in rows if one.gained is not None and one.name != BASE]
    missing = [one.name for one in rows if one.found is None]
    told = [one for one in done if one.gained is not None and (one.gained.low > 0 or one.gained.high < 0)]
    lead = f"Of {len(done)} changes to {base}, {len(told)} move balanced accuracy (p/prior) beyond chance"
    lead += ": " + "; ".join(f"{one.name} {text(one.gained)}" for one in told if one.gained) + ". " if told else ". "
    lead += f"Not trained: {', '.join(missing)}. " if missing else ""
    if withheld:
        verdict = "within" if withheld.value >= ALLOWED_LOSS else "beyond"
        lead += (
            f"With metadata withheld the fused network differs by {text(withheld)} from one that was trained without "
            f"them, {verdict} the two points that may be lost."
        )
    table = Table("ablation", f"Changes to {base}, one at a time", COLUMNS, [_cells(one) for one in rows], _NOTE)
    plain_rows = [_plain(one) for one in rows]
    degraded = plain(withheld) if withheld else None
    return Report(
        f"Ablation of {base}", lead.strip(), [table], {**values, "rows": plain_rows, "withheld": degraded}, _LIMITS
    )


COLUMNS = (
    "change",
    "setting",
    "minutes trained",
    "epochs",
    *columns(FIGURES),
    *columns((f"gain in {BALANCED} over the base",)),
)
_NOTE = (
    "Each was trained as long as the base, on the same split, from the same seed. Low and high: 95 % interval by "
    "bootstrap over lesions; the gain is paired. Empty: not trained. Each figure's decision rule stands in its name."
)
_LIMITS = (
    "One seed a row: training by chance alone moves balanced accuracy by a point or two, which no interval here holds.",
    "Equal time favours what learns fast; a change that needs longer to pay off looks worse than it is.",
)


def _cells(one: Row) -> list[Cell]:
    figures = cells(one.found) if one.found else [None] * (3 * len(FIGURES))
    won = cells({"gain": one.gained}) if one.gained else [None] * 3
    return [one.name, one.changes, one.minutes, one.epochs, *figures, *won]


def _plain(one: Row) -> dict[str, Any]:
    found = {name: plain(figure) for name, figure in one.found.items()} if one.found else "not trained"
    return {
        "name": one.name,
        "setting": one.changes,
        "minutes": one.minutes,
        "epochs": one.epochs,
        "figures": found,
        "gain": plain(one.gained) if one.gained else None,
    }
