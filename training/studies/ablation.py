"""What each part of the recipe is worth: each switch trained as long as the base; metadata withheld and shuffled."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from training.evaluation.metadata import path_name
from training.evaluation.paired import Difference, gain
from training.evaluation.trained import predict_run
from training.metrics import BALANCED, Answers, Interval
from training.reporting.report import Cell, Report, Table
from training.studies.chosen import SIGNIFICANT, corrected, limits, too_few
from training.studies.contenders import Field, Trained
from training.studies.measured import Found, cells, columns, measure, plain, text

FIGURES = (BALANCED, "macro_auc", "macro_f1 (arg-max p)", "accuracy (arg-max p)")
BASE, WITHHELD, SHUFFLED = "base", "metadata withheld", "metadata shuffled"
ALLOWED_LOSS = -0.02  # withheld metadata may cost two points against a network that was trained without them


@dataclass(frozen=True)
class Row:
    """One line: its figures and what it gains over the base, paired; None where it was not trained."""

    name: str
    changes: str
    found: Found | None
    gained: Difference | None
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


def shuffled(trained: Trained, field: Field) -> Answers:
    """The run's fused answers when each picture comes with the age, sex and site of another one of its side."""
    found = predict_run(trained.run, field.records, field.pictures, side=field.side, metadata="shuffled")
    return found[path_name("shuffled")].answers


def build(
    base: str, rows: list[Row], withheld: Interval | None, values: dict[str, Any], *, side: str, bootstrap: int
) -> Report:
    """``withheld``: the base without metadata less a network trained without them, or None where one is missing."""
    p = corrected([one.gained.p if one.gained and one.name != BASE else None for one in rows])
    done = [(one, at) for one, at in zip(rows, p, strict=True) if at is not None]
    missing = [one.name for one in rows if one.found is None]
    told = [one for one, at in done if at < SIGNIFICANT]
    lead = f"Of {len(done)} changes to {base}, judged on the {side} side, {len(told)} move balanced accuracy (p/prior) "
    lead += "beyond chance (Holm over all of them)"
    moved = "; ".join(f"{one.name} {text(one.gained.difference)}" for one in told if one.gained)
    lead += f": {moved}. " if told else ". "
    lead += f"Not trained: {', '.join(missing)}. " if missing else ""
    if withheld:
        verdict = "within" if withheld.value >= ALLOWED_LOSS else "beyond"
        lead += (
            f"With metadata withheld the fused network differs by {text(withheld)} from one that was trained without "
            f"them, {verdict} the two points that may be lost."
        )
    every = [_cells(one, at) for one, at in zip(rows, p, strict=True)]
    table = Table("ablation", f"Changes to {base}, one at a time, {side} side", COLUMNS, every, _NOTE)
    plain_rows = [{**_plain(one), "p (Holm)": at} for one, at in zip(rows, p, strict=True)]
    degraded = plain(withheld) if withheld else None
    return Report(
        f"Ablation of {base}",
        lead.strip(),
        [table],
        {**values, "side": side, "rows": plain_rows, "withheld": degraded},
        (*limits(side), *filter(None, [too_few(len(done), bootstrap)]), *_LIMITS),
    )


COLUMNS = (
    "change",
    "setting",
    "minutes trained",
    "epochs",
    *columns(FIGURES),
    *columns((f"gain in {BALANCED} over the base",)),
    "p",
    "p (Holm)",
)
_NOTE = (
    "Each was trained as long as the base, on the same split, from the same seed. Low and high: 95 % interval by "
    "bootstrap over lesions; the gain is paired, and its second p is corrected for the number of rows (Holm). Empty: "
    "not trained. Each figure's decision rule stands in its name."
)
_LIMITS = (
    "One seed a row: training by chance alone moves balanced accuracy by a point or two, which no interval here holds.",
    "Equal time favours what learns fast; a change that needs longer to pay off looks worse than it is.",
)


def _cells(one: Row, corrected_p: float | None) -> list[Cell]:
    figures = cells(one.found) if one.found else [None] * (3 * len(FIGURES))
    won = [*cells({"gain": one.gained.difference}), one.gained.p] if one.gained else [None] * 4
    return [one.name, one.changes, one.minutes, one.epochs, *figures, *won, corrected_p]


def _plain(one: Row) -> dict[str, Any]:
    found = {name: plain(figure) for name, figure in one.found.items()} if one.found else "not trained"
    return {
        "name": one.name,
        "setting": one.changes,
        "minutes": one.minutes,
        "epochs": one.epochs,
        "figures": found,
        "gain": {**plain(one.gained.difference), "p": one.gained.p} if one.gained else None,
    }
