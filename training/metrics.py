"""Figures of merit on held-out scores, each with its decision rule in its name, and intervals over lesions.

Words as in scikit-learn: balanced accuracy is the mean recall of the classes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score, recall_score, roc_auc_score, roc_curve

from inference.vocabulary import DIAGNOSES, MALIGNANT

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Answers:
    """Held-out answers: prior-free scores (N,7), calibrated p (N,7), truth (N,) and the lesion of each row (N,)."""

    scores: Floats
    p: Floats
    target: Labels
    lesion: NDArray[np.int64]

    def take(self, rows: NDArray[np.int64]) -> Answers:
        return Answers(self.scores[rows], self.p[rows], self.target[rows], self.lesion[rows])

    @property
    def malignancy(self) -> Floats:
        """Summed probability of the malignant classes (N,), 0–1."""
        risk: Floats = self.p[:, [DIAGNOSES.index(code) for code in MALIGNANT]].sum(axis=1)
        return risk

    @property
    def malignant(self) -> NDArray[np.bool_]:
        return np.isin(self.target, [DIAGNOSES.index(code) for code in MALIGNANT])

    @property
    def melanoma(self) -> NDArray[np.bool_]:
        return np.equal(self.target, DIAGNOSES.index("mel"))


def _auc(positive: NDArray[np.bool_], score: Floats) -> float:
    # A resample can miss a rare class altogether; it then says nothing about it.
    return float(roc_auc_score(positive, score)) if 0 < positive.sum() < len(positive) else float("nan")


def class_aucs(a: Answers) -> dict[str, float]:
    """One-versus-rest ROC AUC of each class by its calibrated p."""
    return {code: _auc(a.target == k, a.p[:, k]) for k, code in enumerate(DIAGNOSES)}


def sensitivity_at_specificity(positive: NDArray[np.bool_], score: Floats, specificity: float) -> float:
    """The highest sensitivity on the ROC curve whose specificity is at least the one asked for."""
    if not 0 < positive.sum() < len(positive):
        return float("nan")
    false_rate, true_rate, _ = roc_curve(positive, score, drop_intermediate=False)
    allowed = 1 - specificity + 1e-9  # 1 - .9 is a hair under .1
    return float(true_rate[false_rate <= allowed].max())


def expected_calibration_error(a: Answers, bins: int = 15) -> float:
    """Mean gap of confidence and accuracy over bins of equal mass (Nixon et al. 2019), of the arg-max p."""
    confidence, right = a.p.max(axis=1), a.p.argmax(axis=1) == a.target
    parts = np.array_split(np.argsort(confidence, kind="stable"), bins)
    gaps = [len(part) * abs(confidence[part].mean() - right[part].mean()) for part in parts if len(part)]
    return float(sum(gaps) / len(right))


def brier_score(a: Answers) -> float:
    """Mean squared distance of p from the truth, summed over classes; 0 is perfect, 2 is worst."""
    return float(((a.p - np.eye(len(DIAGNOSES))[a.target]) ** 2).sum(axis=1).mean())


def balanced_accuracy(target: Labels, guess: Labels) -> float:
    """Mean recall of the classes that occur."""
    return float(recall_score(target, guess, labels=np.unique(target), average="macro"))


FIGURES: dict[str, Callable[[Answers], float]] = {
    "balanced_accuracy (p/prior)": lambda a: balanced_accuracy(a.target, a.scores.argmax(1)),
    "balanced_accuracy (arg-max p)": lambda a: balanced_accuracy(a.target, a.p.argmax(1)),
    "macro_f1 (arg-max p)": lambda a: float(f1_score(a.target, a.p.argmax(1), average="macro", zero_division=0)),
    "macro_auc": lambda a: float(np.nanmean(list(class_aucs(a).values()))),
    "melanoma_auc": lambda a: _auc(a.melanoma, a.p[:, DIAGNOSES.index("mel")]),
    "melanoma_sensitivity_at_95_specificity": lambda a: sensitivity_at_specificity(
        a.melanoma, a.p[:, DIAGNOSES.index("mel")], 0.95
    ),
    "malignant_sensitivity_at_85_specificity": lambda a: sensitivity_at_specificity(a.malignant, a.malignancy, 0.85),
    "accuracy (arg-max p)": lambda a: float((a.p.argmax(1) == a.target).mean()),
    "expected_calibration_error": expected_calibration_error,
    "brier_score": brier_score,
}


@dataclass(frozen=True)
class Interval:
    """A figure and the 2.5th and 97.5th percentile of its bootstrap."""

    value: float
    low: float
    high: float


def resamples(lesion: NDArray[np.int64], count: int, seed: int = 0) -> list[NDArray[np.int64]]:
    """Row indexes of ``count`` bootstrap samples that draw whole lesions: photos of one are not independent."""
    rng = np.random.default_rng(seed)
    names, place = np.unique(lesion, return_inverse=True)
    rows_of = np.split(np.argsort(place, kind="stable"), np.cumsum(np.bincount(place))[:-1])
    draws = rng.integers(0, len(names), size=(count, len(names)))
    return [np.concatenate([rows_of[i] for i in draw]) for draw in draws]


def figures(a: Answers, *, bootstrap: int = 1000) -> dict[str, Interval]:
    """Every figure of ``FIGURES`` with its 95 % interval over lesions."""
    samples = [a.take(rows) for rows in resamples(a.lesion, bootstrap)]
    result: dict[str, Interval] = {}
    for name, figure in FIGURES.items():
        low, high = np.nanpercentile([figure(sample) for sample in samples], [2.5, 97.5])
        result[name] = Interval(figure(a), float(low), float(high))
    return result


def rate(hits: NDArray[np.bool_], lesion: NDArray[np.int64], *, bootstrap: int = 1000) -> Interval:
    """A share of rows with its interval over lesions."""
    draws = [float(hits[rows].mean()) for rows in resamples(lesion, bootstrap)]
    low, high = np.percentile(draws, [2.5, 97.5])
    value = float(hits.mean())
    return Interval(value, min(value, float(low)), max(value, float(high)))
