"""The report of the study of generated pictures: what was found, also where that is "no gain"."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from training.data.labels import RARE
from training.metrics import Interval
from training.reporting.report import Cell, Report, Table
from training.studies.synthetic import Effect

LEVEL = 0.05
APART = 0.03  # share of steps by which arms may differ and still be compared
HOPED = 0.35  # what the report hopes of df's F1, from .12


def build(
    effects: Sequence[Effect],
    *,
    side: str,
    path: str,
    seeds: int,
    bootstrap: int,
    steps: Mapping[str, int],
    about: dict[str, Any],
) -> Report:
    """``steps`` are those of each arm by its name, ``about`` values for report.json: manifest, split, settings."""
    rows: list[list[Cell]] = [
        [
            e.figure,
            e.count,
            _said(e.without),
            _said(e.with_),
            _said(e.difference, signed=True),
            e.p,
            e.p_holm,
            _found(e),
        ]
        for e in effects
    ]
    columns = ("figure", "generated a class", "without", "with", "difference", "p", "p (Holm)", "found")
    told = "The validation side chooses." if side == "validation" else "The test side publishes what was chosen before."
    return Report(
        "Do generated pictures help the rare classes?",
        f"{_unequal(steps)}{conclusion(effects)} Means over {seeds} seeds, {path} path, {side} side. {told}",
        [
            Table(
                "effects",
                "With and without generated pictures",
                columns,
                rows,
                f"95 % intervals by {bootstrap} resamples over lesions, the same for both; Holm over the rows of "
                "one kind of figure. A "
                "figure names its decision rule.",
            ),
            Table("steps", "Steps of each run", ("run", "steps"), [[name, count] for name, count in steps.items()]),
        ],
        values={**about, "side": side, "path": path, "seeds": seeds, "effects": [asdict(e) for e in effects]},
        limits=[
            *_too_few(effects, bootstrap),
            "Intervals draw lesions, not seeds: with few seeds the luck of training is only in part averaged out.",
            "Generated pictures replace photographs in the draw: with more of them a step has fewer photographs.",
            "Rare classes have few lesions on a held-out side: read the intervals, not the middle.",
            "A generator that learned from the same photographs adds no photograph: it can only show them otherwise.",
        ],
    )


def _unequal(steps: Mapping[str, int]) -> str:
    """A warning where the clock gave some arms more steps than others."""
    fewest, most = min(steps.values()), max(steps.values())
    if most <= fewest * (1 + APART):
        return ""
    return f"The runs took {fewest:,} to {most:,} steps: what differs may be how long they learned. "


def _too_few(effects: Sequence[Effect], bootstrap: int) -> list[str]:
    """Whether a p from so few resamples, corrected, could fall below the level at all."""
    family = sum(effect.kind == effects[0].kind for effect in effects)
    needed = round(2 * family / LEVEL)
    told = f"{bootstrap} resamples are too few for any of {family} rows to show a difference; give {needed} or more."
    return [told] if bootstrap < needed else []


def conclusion(effects: Sequence[Effect]) -> str:
    """What was found of the rare classes' F1, at every count: gains, losses, and "no gain" where there is neither."""
    sentences = []
    for code in RARE:
        mine = [e for e in effects if e.figure == f"{code}: F1 (arg-max p)"]
        gains, losses = ([str(e.count) for e in mine if _found(e) == word] for word in ("gain", "loss"))
        parts = [f"gains with {', '.join(gains)} a class"] if gains else []
        parts += [f"loses with {', '.join(losses)} a class"] if losses else []
        said = f"{code} {' and '.join(parts)}" if parts else f"{code}: no gain shown"
        each = "; ".join(f"{e.with_.value:.2f} with {e.count}, {_said(e.difference, signed=True)}" for e in mine)
        sentences.append(f"{said} (F1 by arg-max p {mine[0].without.value:.2f} without; {each}).")
    df = next(e for e in effects if e.figure == "df: F1 (arg-max p)")
    sentences.append(
        f"The report hopes for {HOPED} from .12 of df; without any generated picture it is {df.without.value:.2f}."
    )
    return " ".join(sentences)


def _found(effect: Effect) -> str:
    if math.isnan(effect.p_holm):
        return "says nothing"
    if effect.p_holm >= LEVEL:
        return "no difference shown"
    return "gain" if effect.difference.value > 0 else "loss"


def _said(found: Interval, *, signed: bool = False) -> str:
    sign = "+" if signed else ""
    return f"{found.value:{sign}.3f} ({found.low:{sign}.3f} to {found.high:{sign}.3f})"
