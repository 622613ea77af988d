"""A finished run's answers on one side of its own split, calibrated on its validation side."""

from __future__ import annotations

import numpy as np

from training.data.pictures import Pictures
from training.data.records import Record
from training.data.sides import rows_of
from training.evaluation.calibration import fit_temperature, probabilities
from training.evaluation.fitted import PATHS
from training.evaluation.judged import Judged
from training.evaluation.trained import calibrate, score_run
from training.fitting.runs import Run
from training.metrics import Answers

__all__ = ["PATHS", "answer", "cross_fitted", "elsewhere", "judge"]


def judge(run: Run, records: list[Record], pictures: Pictures, sides: list[str]) -> dict[str, Judged]:
    """Scores on each of ``sides`` and on validation, in the order of the split's sides."""
    return {
        side: score_run(run, records, pictures, rows_of(run.split, records, side))
        for side in dict.fromkeys(["validation", *sides])
    }


def answer(run: Run, records: list[Record], pictures: Pictures, sides: list[str]) -> dict[str, dict[str, Answers]]:
    """``[side][path]`` in the order of the split's sides."""
    judged = judge(run, records, pictures, sides)
    decided = calibrate(run, judged["validation"])
    return {side: {path: decided.answers(judged[side], path) for path in PATHS} for side in sides}


def elsewhere(
    run: Run, home: tuple[list[Record], Pictures], away: tuple[list[Record], Pictures]
) -> dict[str, dict[str, Answers]]:
    """``home`` is the run's test side, ``away`` every picture of other data, calibrated at home."""
    judged = judge(run, *home, ["test"])
    decided = calibrate(run, judged["validation"])
    places = {"home": judged["test"], "away": score_run(run, *away, list(range(len(away[0]))))}
    return {where: {path: decided.answers(found, path) for path in PATHS} for where, found in places.items()}


def cross_fitted(run: Run, validation: Judged, parts: int = 5) -> dict[str, Answers]:
    """Answers of the validation side by path, each lesion's with a temperature fitted on the other lesions alone.

    With the one that was fitted on all of them, its probabilities would be judged on what they were fitted to.
    """
    prior = np.array(run.priors.true)
    p = {path: np.empty_like(validation.fused) for path in PATHS}
    for part in range(parts):
        held = validation.lesion % parts == part
        others, own = validation.take(~held), validation.take(held)
        for path in PATHS:
            temperature = fit_temperature(getattr(others, path), others.target, prior)
            p[path][held] = probabilities(getattr(own, path), temperature, prior)
    return {path: validation.answers(path, p[path]) for path in PATHS}
