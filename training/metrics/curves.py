"""Ranking: ROC and precision–recall, and the points on them at which a clinic could work."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from sklearn.metrics import average_precision_score, roc_curve

from inference.vocabulary import DIAGNOSES
from training.metrics.answers import Answers, Floats
from training.metrics.bootstrap import Interval, interval, resamples

_SLACK = 1e-9  # 1 - .9 is a hair under .1


@dataclass(frozen=True)
class Point:
    """``score >= threshold`` counts as positive; shares of 0–1."""

    threshold: float
    sensitivity: float
    specificity: float


@dataclass(frozen=True)
class Ranking:
    """How well one class stands out from the rest, with intervals over lesions."""

    auc: Interval
    average_precision: Interval


def _both_sides(positive: NDArray[np.bool_]) -> bool:
    return bool(0 < positive.sum() < len(positive))


def binary_auc(positive: NDArray[np.bool_], score: Floats) -> float:
    """Area under the ROC curve; ties count one half. NaN where one side has no rows: a resample can miss a class."""
    if not _both_sides(positive):
        return float("nan")
    # By ranks (Mann and Whitney 1947), which is what an interval of a thousand resamples can afford.
    sick = int(positive.sum())
    above = rankdata(score)[positive].sum() - sick * (sick + 1) / 2
    return float(above / (sick * (len(positive) - sick)))


def average_precision(positive: NDArray[np.bool_], score: Floats) -> float:
    """Area under the precision–recall steps; a score that knows nothing reaches the share of positives."""
    return float(average_precision_score(positive, score)) if _both_sides(positive) else float("nan")


def class_aucs(a: Answers) -> dict[str, float]:
    """One-versus-rest ROC AUC of each class by its calibrated p."""
    return {code: binary_auc(a.target == k, a.p[:, k]) for k, code in enumerate(DIAGNOSES)}


def rankings(a: Answers, *, bootstrap: int = 1000) -> dict[str, Ranking]:
    """ROC AUC and average precision of each class against the rest, by its calibrated p."""
    samples = resamples(a.lesion, bootstrap)
    found = {}
    for k, code in enumerate(DIAGNOSES):
        positive, score = a.target == k, a.p[:, k]
        auc = interval(binary_auc(positive, score), [binary_auc(positive[rows], score[rows]) for rows in samples])
        draws = [average_precision(positive[rows], score[rows]) for rows in samples]
        found[code] = Ranking(auc, interval(average_precision(positive, score), draws))
    return found


def sensitivity_at_specificity(positive: NDArray[np.bool_], score: Floats, specificity: float) -> float:
    """The highest sensitivity on the ROC curve whose specificity is at least the one asked for."""
    if not _both_sides(positive):
        return float("nan")
    return point_at(positive, score, specificity=specificity).sensitivity


def point_at(
    positive: NDArray[np.bool_], score: Floats, *, specificity: float = 0.0, sensitivity: float = 0.0
) -> Point:
    """The point of the ROC curve that keeps what is asked for and gives the most of the other; ask for one.

    With ``specificity`` the highest sensitivity at that specificity or more; with ``sensitivity`` the highest
    specificity at that sensitivity or more. Both sides must have rows.
    """
    false_rate, true_rate, thresholds = roc_curve(positive, score, drop_intermediate=False)
    if sensitivity:
        chosen = int(np.argmax(true_rate >= sensitivity - _SLACK))
    else:
        kept = true_rate[false_rate <= 1 - specificity + _SLACK]
        chosen = int(np.argmax(kept == kept.max()))
    return Point(float(thresholds[chosen]), float(true_rate[chosen]), float(1 - false_rate[chosen]))


def points_with_intervals(
    positive: NDArray[np.bool_],
    score: Floats,
    lesion: NDArray[np.int64],
    *,
    specificities: tuple[float, ...] = (0.8, 0.85, 0.9, 0.95),
    sensitivities: tuple[float, ...] = (0.8, 0.9, 0.95),
    bootstrap: int = 1000,
) -> list[tuple[str, Point, Interval]]:
    """What is asked for, the point there, and the other share's interval over lesions, chosen anew in each draw."""
    samples = [rows for rows in resamples(lesion, bootstrap) if _both_sides(positive[rows])]
    found = []
    for asked in specificities:
        at = point_at(positive, score, specificity=asked)
        draws = [point_at(positive[rows], score[rows], specificity=asked).sensitivity for rows in samples]
        found.append((f"specificity of {asked:.0%} or more", at, interval(at.sensitivity, draws)))
    for asked in sensitivities:
        at = point_at(positive, score, sensitivity=asked)
        draws = [point_at(positive[rows], score[rows], sensitivity=asked).specificity for rows in samples]
        found.append((f"sensitivity of {asked:.0%} or more", at, interval(at.specificity, draws)))
    return found
