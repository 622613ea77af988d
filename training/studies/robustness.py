"""How far a bundle's answers survive worse pictures, through the served runtime, and what its quality gate refuses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inference.predictor import Predictor
from inference.result import Result
from training.data.records import Record
from training.evaluation.paired import gain
from training.metrics import BALANCED, Answers, Interval
from training.studies import asked
from training.studies.corruptions import CORRUPTIONS, Corruption, Spoiled
from training.studies.measured import Found, measure

BREAKS_AT = 0.05  # a drop of balanced accuracy (p/prior) by more than five points
FIGURES = (BALANCED, "macro_auc")


@dataclass(frozen=True)
class Level:
    """One corruption at one setting (level 0: as it was taken).

    ``drop`` is clean less this, paired; ``refused`` the share that the quality gate stops, ``abstained`` the share
    without an answer for any reason; ``accepted`` the balanced accuracy of what the gate lets through, and
    ``accepted_drop`` how much these very photographs lose against themselves as they were taken.
    """

    corruption: str
    level: int
    setting: str
    found: Found
    drop: Interval
    refused: float
    abstained: float
    accepted: Interval | None
    accepted_drop: Interval | None = None


def study(predictor: Predictor, records: Sequence[Record], path: str, *, bootstrap: int) -> list[Level]:
    """The clean pictures, then every corruption at each of its levels, on the same ``records``."""
    clean = asked.ask(predictor, records, path)
    reference = asked.answers(clean, records)
    levels = [_level(("clean", 0, "as taken"), clean, reference, clean=reference, bootstrap=bootstrap)]
    for corruption in CORRUPTIONS:
        for number, setting in enumerate(corruption.levels, start=1):
            results = asked.ask(predictor, records, path, partial(_spoil, corruption, setting))
            found = asked.answers(results, records)
            at = (corruption.name, number, f"{setting:g} {corruption.unit}")
            levels.append(_level(at, results, found, clean=reference, bootstrap=bootstrap))
    return levels


def _spoil(corruption: Corruption, setting: float, record: Record) -> Spoiled:
    with Image.open(record.image) as opened:
        return corruption.apply(opened.convert("RGB"), setting)


def _level(at: tuple[str, int, str], results: list[Result], a: Answers, *, clean: Answers, bootstrap: int) -> Level:
    passed = np.array([result.quality.acceptable for result in results])
    return Level(
        corruption=at[0],
        level=at[1],
        setting=at[2],
        found=measure(a, FIGURES, bootstrap=bootstrap),
        drop=gain(clean, a, bootstrap=bootstrap).difference,
        refused=float(1 - passed.mean()),
        abstained=float(np.mean([result.abstain_reason is not None for result in results])),
        accepted=_accepted(a, passed, bootstrap),
        accepted_drop=_accepted_drop(clean, a, passed, bootstrap),
    )


def _accepted(a: Answers, passed: NDArray[np.bool_], bootstrap: int) -> Interval | None:
    if not passed.any():
        return None
    return measure(a.take(np.flatnonzero(passed)), [BALANCED], bootstrap=bootstrap)[BALANCED]


def _accepted_drop(clean: Answers, a: Answers, passed: NDArray[np.bool_], bootstrap: int) -> Interval | None:
    """Of the same rows in both: those that pass are the easier ones, and all of the clean ones would be no match."""
    if not passed.any():
        return None
    rows = np.flatnonzero(passed)
    return gain(clean.take(rows), a.take(rows), bootstrap=bootstrap).difference


def first_break(levels: Sequence[Level], corruption: str) -> Level | None:
    """The mildest level of ``corruption`` whose drop exceeds five points, or None."""
    own = (level for level in levels if level.corruption == corruption)
    return next((level for level in own if level.drop.value > BREAKS_AT), None)
