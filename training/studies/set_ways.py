"""Ways of making prediction sets: how wrong a class is scored, and from which rows each class gets its limit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from inference.manifest import SetRule
from training.evaluation.calibration import FEW_LESIONS, conformal_quantiles, weighted_quantile
from training.evaluation.fitted import ALPHA, benign_only
from training.metrics import Answers, Floats, Labels

Limits = Callable[
    [Floats, Labels, Labels], Floats
]  # fitness (N,7), truth (N,), lesion (N,) → limit of 1 − fitness (7,)


@dataclass(frozen=True)
class Way:
    """``fitness`` gives each row and class a number (N,7) in 0 to 1; a class enters by 1 − fitness, as it does by p."""

    name: str
    fitness: Callable[[Answers], Floats]
    limits: Limits
    rule: SetRule = "limits-first"


def ways() -> list[Way]:
    """The way of the first bundles, then the others in the order in which they were thought of."""
    own = _borrowing(0)
    return [
        Way("p, own limits, likeliest always", _p, own, "likeliest-always"),
        Way("p, own limits", _p, own),
        Way("p/prior, own limits", _balanced, own),
        Way("APS, own limits", partial(_mass_above, penalty=0.0), own),
        Way("RAPS, own limits", partial(_mass_above, penalty=0.05), own),
        Way("p, each lesion weighs the same", _p, _by_lesion),
        Way("p, few lesions: pooled", _p, _pooled),
        Way("p, few lesions: 10 borrowed", _p, _borrowing(10)),
        Way("p, few lesions: 20 borrowed", _p, _borrowing(20)),
        Way("p, few benign lesions: 10 borrowed", _p, _borrowing(benign_only(10))),
        Way("p, few benign lesions: 20 borrowed", _p, _borrowing(benign_only(20))),
    ]


def _borrowing(rows: Floats | float) -> Limits:
    return partial(conformal_quantiles, alpha=ALPHA, borrowed=rows)


def _p(a: Answers) -> Floats:
    return a.p


def _balanced(a: Answers) -> Floats:
    balanced: Floats = softmax(a.scores, axis=1)
    return balanced


def _mass_above(a: Answers, *, penalty: float) -> Floats:
    """1 − the mass of all that is at least as likely (Romano et al. 2020); each rank after the first costs ``penalty``.

    Not randomised, because equal pictures get equal answers (Angelopoulos et al. 2021 for the penalty).
    """
    order = np.argsort(-a.p, axis=1)
    mass = np.take_along_axis(a.p, order, axis=1).cumsum(axis=1) + penalty * np.arange(a.p.shape[1])
    fitness = np.empty_like(a.p)
    np.put_along_axis(fitness, order, 1 - mass / (1 + penalty * (a.p.shape[1] - 1)), axis=1)
    return fitness


def _by_lesion(fitness: Floats, target: Labels, lesion: Labels) -> Floats:
    """Hierarchical quantiles: a lesion is one draw, its photographs share its weight (Dunn et al. 2022)."""
    limits = np.ones(fitness.shape[1])
    for k in range(len(limits)):
        rows = target == k
        _, place, photographs = np.unique(lesion[rows], return_inverse=True, return_counts=True)
        if rows.any():
            limits[k] = weighted_quantile(1 - fitness[rows, k], 1 / photographs[place], 1 - ALPHA)
    return limits


def _pooled(fitness: Floats, target: Labels, lesion: Labels) -> Floats:
    """One limit for all classes of few lesions (Ding et al. 2023), each other class its own."""
    limits = conformal_quantiles(fitness, target, lesion, ALPHA, borrowed=0)
    few = [k for k in range(len(limits)) if len(np.unique(lesion[target == k])) < FEW_LESIONS]
    rows: NDArray[np.bool_] = np.isin(target, few)
    wrongness = 1 - fitness[rows, target[rows]]
    limits[few] = weighted_quantile(wrongness, np.ones(len(wrongness)), 1 - ALPHA)
    return limits
