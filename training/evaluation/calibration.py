"""From scores to probabilities that mean what they say, and to sets that hold the truth at a stated rate.

Both are fitted on the validation side alone, once for each path: with metadata, and from the picture alone.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

FEW_LESIONS = 30
BORROWED = 10.0  # why these: docs/results/recipe/prediction-sets
_ROUNDING = 1e-9  # of weights that are summed one by one


def probabilities(scores: Floats, temperature: float, log_prior: Floats) -> Floats:
    """Calibrated probabilities (N,K), rows sum to 1, from prior-free scores (N,K): softmax(z/T + log prior)."""
    p: Floats = softmax(scores / temperature + log_prior, axis=1)
    return p


def fit_temperature(scores: Floats, target: Labels, log_prior: Floats) -> float:
    """The temperature that makes the held-out truth most likely (Guo et al. 2017); searched in .2 to 5."""

    def loss(log_t: float) -> float:
        log_p = log_softmax(scores / math.exp(log_t) + log_prior, axis=1)
        return float(-log_p[np.arange(len(target)), target].mean())

    found = minimize_scalar(loss, bounds=(math.log(0.2), math.log(5.0)), method="bounded")
    return math.exp(float(found.x))


def conformal_quantiles(p: Floats, target: Labels, lesion: Labels, alpha: float, *, borrowed: Floats | float) -> Floats:
    """For each class the quantile (K,) of 1 − p(true class): a class enters the set when 1 − p is at most it.

    Class-conditional split conformal prediction (Vovk 2012): with exchangeable rows the true class is in the set at a
    rate of at least 1 − alpha for each class that does not borrow. Photographs of one lesion are not exchangeable with
    those of others: they are right or wrong together, so a class of few lesions has fewer independent rows than it has
    photographs, and here the rate is an aim that the test side measures, not a guarantee.

    A class of fewer than ``FEW_LESIONS`` would have as its quantile the largest of a handful of scores. It borrows from
    the others, as clustered conformal prediction does (Ding et al. 2023): ``borrowed`` rows, of each class (K,) or of
    any, shared equally by the other classes. A loan voids the rate above even for exchangeable rows, and can lower a
    limit as well as raise it. What was not seen at all, or not often enough without borrowing, always enters (1).
    """
    loans = np.broadcast_to(borrowed, p.shape[1])
    wrongness = [1 - p[target == k, k] for k in range(p.shape[1])]
    quantiles = np.ones(p.shape[1])
    for k, own in enumerate(wrongness):
        few = len(np.unique(lesion[target == k])) < FEW_LESIONS
        others = [scores for j, scores in enumerate(wrongness) if few and loans[k] and j != k and len(scores)]
        weights = [
            np.ones(len(own)),
            *(np.full(len(scores), loans[k] / len(others) / len(scores)) for scores in others),
        ]
        if len(own):
            quantiles[k] = weighted_quantile(np.concatenate([own, *others]), np.concatenate(weights), 1 - alpha)
    return quantiles


def weighted_quantile(values: Floats, weights: Floats, share: float) -> float:
    """The least of ``values`` (N,) to hold ``share`` of ``weights`` (N,) and of one row to come; 1 if none does."""
    order = np.argsort(values, kind="stable")
    held = np.cumsum(weights[order])
    place = int(np.searchsorted(held, share * (weights.sum() + 1) - _ROUNDING))
    return float(values[order[place]]) if place < len(values) else 1.0


def threshold_at_sensitivity(risk: Floats, positive: NDArray[np.bool_], sensitivity: float) -> float:
    """The largest threshold at which at least ``sensitivity`` of the positives reach ``risk >= threshold``."""
    ranked = np.sort(risk[positive])[::-1]
    return float(ranked[math.ceil(sensitivity * len(ranked)) - 1])
