"""Ranking: ROC and precision–recall, and the points on them at which a clinic could work."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score, roc_curve

from inference.vocabulary import DIAGNOSES
from training.metrics.answers import Answers, Floats

_SLACK = 1e-9  # 1 - .9 is a hair under .1


def binary_auc(positive: NDArray[np.bool_], score: Floats) -> float:
    """Area under the ROC curve; ties count one half. NaN where one side has no rows: a resample can miss a class."""
    return float(roc_auc_score(positive, score)) if 0 < positive.sum() < len(positive) else float("nan")


def class_aucs(a: Answers) -> dict[str, float]:
    """One-versus-rest ROC AUC of each class by its calibrated p."""
    return {code: binary_auc(a.target == k, a.p[:, k]) for k, code in enumerate(DIAGNOSES)}


def sensitivity_at_specificity(positive: NDArray[np.bool_], score: Floats, specificity: float) -> float:
    """The highest sensitivity on the ROC curve whose specificity is at least the one asked for."""
    if not 0 < positive.sum() < len(positive):
        return float("nan")
    false_rate, true_rate, _ = roc_curve(positive, score, drop_intermediate=False)
    return float(true_rate[false_rate <= 1 - specificity + _SLACK].max())
