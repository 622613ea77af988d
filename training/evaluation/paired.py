"""Two models on the same photographs: the difference of each figure, by bootstrap over lesions of both at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.vocabulary import DIAGNOSES
from training.data.records import DataError
from training.evaluation.predicted import Rows
from training.metrics import (
    FIGURES,
    RARE_FIRST,
    Answers,
    Interval,
    balanced_draws,
    interval,
    recall_balanced,
    resamples,
    two_sided_p,
)


@dataclass(frozen=True)
class Difference:
    """A figure of A and of B, B − A with its 95 % interval, and a two-sided p for "there is no difference"."""

    a: float
    b: float
    difference: Interval
    p: float


def aligned(a: Rows, b: Rows) -> tuple[Rows, Rows]:
    """Both in the order of ``a``. Raises ``DataError`` unless they answer the same photographs with the same truth."""
    only = {"A": sorted(set(a.images) - set(b.images)), "B": sorted(set(b.images) - set(a.images))}
    if only["A"] or only["B"]:
        counts = " and ".join(f"{len(names)} only in {side}" for side, names in only.items())
        first = (only["A"] or only["B"])[0]
        raise DataError(
            f"The two models answered different photographs ({counts}, such as {first}): evaluate both on the same "
            "side of one split, or pool the same folds."
        )
    place = {image: i for i, image in enumerate(b.images)}
    order = np.array([place[image] for image in a.images])
    turned = Rows(
        name=b.name,
        images=a.images,
        lesions=tuple(b.lesions[i] for i in order),
        answers=b.answers.take(order),
        flagged=b.flagged[order],
    )
    if not np.array_equal(turned.answers.target, a.answers.target) or turned.lesions != a.lesions:
        raise DataError("The models state different truths or lesions for one photograph: their releases differ.")
    return a, turned


def compare(a: Rows, b: Rows, *, bootstrap: int = 1000) -> dict[str, Difference]:
    """Every figure of both models on the same rows, each draw taking the same lesions of both."""
    a, b = aligned(a, b)
    samples = resamples(a.answers.lesion, bootstrap)
    found = {}
    for name, figure in PAIRED.items():
        draws = [figure(b, rows) - figure(a, rows) for rows in samples]
        every = np.arange(len(a.images))
        value = (figure(a, every), figure(b, every))
        found[name] = Difference(*value, interval(value[1] - value[0], draws), two_sided_p(draws))
    return found


def check_same_pictures(a: Answers, b: Answers) -> None:
    """Raise ``ValueError`` when the two do not answer the same pictures in the same order."""
    if not np.array_equal(a.target, b.target) or not np.array_equal(a.lesion, b.lesion):
        raise ValueError("The two do not answer the same pictures in the same order: use one split and one side.")


def paired(a: Answers, b: Answers, of: Callable[[Answers, Answers], float], *, bootstrap: int) -> Interval:
    """``of(a, b)`` with its interval; resamples are paired, both answer the same lesions each time.

    Raises ``ValueError`` when the two do not answer the same pictures in the same order.
    """
    check_same_pictures(a, b)
    return interval(of(a, b), [of(a.take(rows), b.take(rows)) for rows in resamples(a.lesion, bootstrap)])


def gain(a: Answers, over: Answers, *, bootstrap: int) -> Difference:
    """Balanced accuracy (p/prior) of ``a`` less that of ``over``: what ``compare`` finds for it, hundreds of times
    faster."""
    check_same_pictures(a, over)
    samples, values = resamples(a.lesion, bootstrap), (recall_balanced(over), recall_balanced(a))
    draws = balanced_draws(a, samples) - balanced_draws(over, samples)
    return Difference(*values, interval(values[1] - values[0], draws), two_sided_p(draws))


Measure = Callable[[Rows, NDArray[np.int64]], float]


def _headline(name: str) -> Measure:
    return lambda rows, chosen: FIGURES[name](rows.answers.take(chosen))


def _recall(code: str) -> Measure:
    def measure(rows: Rows, chosen: NDArray[np.int64]) -> float:
        a = rows.answers
        of_class = chosen[a.target[chosen] == DIAGNOSES.index(code)]
        right = a.scores[of_class].argmax(axis=1) == DIAGNOSES.index(code)
        return float(right.mean()) if len(right) else float("nan")

    return measure


def _flagged(rows: Rows, chosen: NDArray[np.int64]) -> float:
    sick = chosen[rows.answers.malignant[chosen]]
    return float(rows.flagged[sick].mean()) if len(sick) else float("nan")


def _spared(rows: Rows, chosen: NDArray[np.int64]) -> float:
    well = chosen[~rows.answers.malignant[chosen]]
    return float((~rows.flagged[well]).mean()) if len(well) else float("nan")


PAIRED: dict[str, Measure] = {
    **{f"recall of {code} (p/prior)": _recall(code) for code in RARE_FIRST},
    **{name: _headline(name) for name in FIGURES},
    "malignant_sensitivity (flag)": _flagged,
    "benign_specificity (flag)": _spared,
}
LOWER_IS_BETTER = ("expected_calibration_error", "brier_score")
