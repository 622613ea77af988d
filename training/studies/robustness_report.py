"""Robustness as a report: a curve for each corruption, where each breaks, and what the quality gate makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from training.metrics import BALANCED, Interval
from training.reporting.report import Cell, Picture, Report, Table
from training.studies.corruptions import CORRUPTIONS
from training.studies.measured import cell, cells, columns, plain, spread, text
from training.studies.robustness import BREAKS_AT, FIGURES, Level, first_break

ACCEPTED = f"{BALANCED} of what the gate accepts"
ACCEPTED_DROP = f"drop of {BALANCED} of these"
COLUMNS = (
    *("corruption", "level", "setting"),
    *columns((*FIGURES, f"drop of {BALANCED}")),
    *("refused by the gate", "abstained"),
    *columns((ACCEPTED, ACCEPTED_DROP)),
)
_NOTE = (
    "Every picture counts in the first figures, also those that the gate refuses. Low and high: 95 % interval by "
    "bootstrap over lesions; drops are paired, and that of the accepted is against the same photographs as taken."
)


def build(levels: Sequence[Level], *, bundle: dict[str, str], path: str) -> Report:
    """``bundle`` names what was measured; ``path`` 'fused' sent the metadata along, 'image' withheld them."""
    broken = {corruption.name: first_break(levels, corruption.name) for corruption in CORRUPTIONS}
    said = [f"{name} at {level.setting}" for name, level in broken.items() if level]
    clean = levels[0].found[BALANCED]
    lead = (
        f"On clean pictures the balanced accuracy (p/prior) is {text(clean)}. "
        + (f"It drops by more than {BREAKS_AT * 100:.0f} points from: {'; '.join(said)}. " if said else "")
        + _gate(levels)
    )
    return Report(
        "Robustness to worse pictures",
        lead,
        [
            Picture("curves", "Balanced accuracy (p/prior) by level", _CAPTION, _draw(levels)),
            _break_table(broken),
            Table("levels", "Every level", COLUMNS, [_row(level) for level in levels], _NOTE),
        ],
        {"bundle": bundle, "path": path, "levels": [_plain(level) for level in levels], "breaks_at": BREAKS_AT},
        limits=(
            "The corruptions are computed, not photographed; a real bad lens does several at once.",
            "The worst of many levels is in part the unluckiest: its drop is told too large rather than too small.",
        ),
    )


_CAPTION = "Level 0 is the clean picture; lines are 95 % intervals over lesions; grey marks five points below clean."


def _gate(levels: Sequence[Level]) -> str:
    found = [(level, level.accepted_drop) for level in levels[1:] if level.accepted_drop]
    if not found:
        return "The quality gate accepts none of the worse pictures."
    worst, drop = max(found, key=lambda pair: pair[1].value)
    points = [f"{value * 100:.1f}" for value in (drop.value, drop.low, drop.high)]
    return (
        f"Of what the quality gate accepts, the worst is {worst.corruption} at {worst.setting}: {points[0]} points "
        f"[{points[1]}, {points[2]}] below the same photographs as they were taken, with {worst.refused:.0%} refused."
    )


def _break_table(broken: dict[str, Level | None]) -> Table:
    rows: list[list[Cell]] = [
        [name, level.setting if level else "at no level", *(_triple(level.drop) if level else (None, None, None))]
        for name, level in broken.items()
    ]
    title = "The first level at which it breaks"
    return Table("breaks", title, ["corruption", "breaks at", *columns((f"drop of {BALANCED}",))], rows)


def _row(level: Level) -> list[Cell]:
    accepted = [
        part
        for found in (level.accepted, level.accepted_drop)
        for part in (_triple(found) if found else (None, None, None))
    ]
    middle = [*cells(level.found), *_triple(level.drop), level.refused, level.abstained]
    return [level.corruption, level.level, level.setting, *middle, *accepted]


def _triple(found: Interval) -> tuple[Cell, Cell, Cell]:
    return cell(found.value), cell(found.low), cell(found.high)


def _plain(level: Level) -> dict[str, Any]:
    return {
        **asdict(level),
        "found": {name: plain(found) for name, found in level.found.items()},
        "drop": plain(level.drop),
        "accepted": plain(level.accepted) if level.accepted else None,
        "accepted_drop": plain(level.accepted_drop) if level.accepted_drop else None,
    }


def _draw(levels: Sequence[Level]) -> Figure:
    drawing, axes = plt.subplots(figsize=(7, 4.2), layout="constrained")
    clean = levels[0]
    for shift, corruption in enumerate(CORRUPTIONS):
        own = [clean, *(level for level in levels if level.corruption == corruption.name)]
        found = [level.found[BALANCED] for level in own]
        places = [level.level + 0.05 * (shift - 2) for level in own]  # so that intervals stand side by side
        axes.errorbar(places, [one.value for one in found], yerr=spread(found), marker="o", label=corruption.name)
    axes.axhline(clean.found[BALANCED].value - BREAKS_AT, color="#9aa4ae", linewidth=1)
    axes.set(xlabel="level", ylabel=BALANCED, ylim=(0, 1), xticks=range(6))
    axes.legend(frameon=False)
    return drawing
