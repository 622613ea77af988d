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


def conformal_quantiles(p: Floats, target: Labels, alpha: float) -> Floats:
    """For each class the quantile (K,) of 1 − p(true class): a class enters the set when 1 − p is at most it.

    Class-conditional split conformal prediction (Vovk 2012): with exchangeable rows the true class is in the set at a
    rate of at least 1 − alpha for each class. Photographs of one lesion are not exchangeable with those of others: they
    are right or wrong together, so a class of few lesions has fewer independent rows than it has photographs, and here
    the rate is an aim that the test side measures, not a guarantee. Where a class has too few held-out rows even if all
    were independent, it always enters (1).
    """
    quantiles = np.ones(p.shape[1])
    for k in range(p.shape[1]):
        wrongness = np.sort(1 - p[target == k, k])
        rank = math.ceil((len(wrongness) + 1) * (1 - alpha))
        if 0 < rank <= len(wrongness):
            quantiles[k] = wrongness[rank - 1]
    return quantiles


def threshold_at_sensitivity(risk: Floats, positive: NDArray[np.bool_], sensitivity: float) -> float:
    """The largest threshold at which at least ``sensitivity`` of the positives reach ``risk >= threshold``."""
    ranked = np.sort(risk[positive])[::-1]
    return float(ranked[math.ceil(sensitivity * len(ranked)) - 1])
