"""A finished run's answers on one side of its own split, calibrated on its validation side."""

from __future__ import annotations

import numpy as np

from training.data.pictures import Pictures
from training.data.records import Record
from training.data.sides import rows_of
from training.evaluation import fitted
from training.evaluation.judged import Judged
from training.evaluation.trained import score_run
from training.fitting.runs import Run
from training.metrics import Answers

PATHS = ("fused", "image")


def answer(run: Run, records: list[Record], pictures: Pictures, sides: list[str]) -> dict[str, dict[str, Answers]]:
    """``[side][path]`` in the order of the split's sides."""
    judged = {
        side: score_run(run, records, pictures, rows_of(run.split, records, side))
        for side in dict.fromkeys(["validation", *sides])
    }
    decided = calibrate(run, judged["validation"])
    return {side: {path: decided.answers(judged[side], path) for path in PATHS} for side in sides}


def calibrate(run: Run, validation: Judged) -> fitted.Fitted:
    return fitted.fit(validation, np.array(run.priors.true))


def elsewhere(
    run: Run, home: tuple[list[Record], Pictures], away: tuple[list[Record], Pictures]
) -> dict[str, dict[str, Answers]]:
    """``home`` is the run's test side, ``away`` every picture of other data, calibrated at home."""
    records, pictures = home
    rows = {side: rows_of(run.split, records, side) for side in ("validation", "test")}
    decided = calibrate(run, score_run(run, records, pictures, rows["validation"]))
    judged = {
        "home": score_run(run, records, pictures, rows["test"]),
        "away": score_run(run, *away, list(range(len(away[0])))),
    }
    return {where: {path: decided.answers(judged[where], path) for path in PATHS} for where in judged}
