"""Precision, recall and F1 of each class, and the confusion matrix behind them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from inference.vocabulary import DIAGNOSES
from training.metrics.answers import Answers, Floats, Labels
from training.metrics.bootstrap import Interval, interval, resamples

SCORES = ("precision", "recall", "f1")
MEANS = ("macro", "weighted")


def confusion(target: Labels, guess: Labels) -> NDArray[np.int64]:
    """Counts (7,7): rows are the truth, columns the answer, both in the order of ``DIAGNOSES``; they sum to N."""
    counts: NDArray[np.int64] = confusion_matrix(target, guess, labels=range(len(DIAGNOSES)))
    return counts


def class_scores(target: Labels, guess: Labels) -> dict[str, dict[str, float]]:
    """Precision, recall and F1, 0–1, of each class by its code, and their ``macro`` and ``weighted`` means.

    As scikit-learn counts: a quotient without cases (a class never answered, or never true) is 0; the macro mean is
    over the classes that occur as truth or as answer, the weighted mean by the number of true rows. But for recall,
    whose macro mean is over the classes that have true rows and so is the balanced accuracy: where there is nothing to
    find, nothing is missed. A class that occurs as neither has NaN: nothing is known about it.
    """
    table, rows, occurs = _scores(target, guess)
    found = {code: _named(table[:, k] if occurs[k] else np.full(3, np.nan)) for k, code in enumerate(DIAGNOSES)}
    macro = _named(table[:, occurs].mean(axis=1)) | {"recall": float(table[SCORES.index("recall"), rows > 0].mean())}
    return found | {"macro": macro, "weighted": _named(table @ rows / rows.sum())}


def scores_with_intervals(a: Answers, rule: str, *, bootstrap: int = 1000) -> dict[str, dict[str, Interval]]:
    """``class_scores`` by one decision rule, each with its 95 % interval over lesions."""
    guess = a.guess(rule)
    value = class_scores(a.target, guess)
    draws = [class_scores(a.target[rows], guess[rows]) for rows in resamples(a.lesion, bootstrap)]
    return {
        name: {score: interval(of[score], [draw[name][score] for draw in draws]) for score in SCORES}
        for name, of in value.items()
    }


def _scores(target: Labels, guess: Labels) -> tuple[Floats, NDArray[np.int64], NDArray[np.bool_]]:
    """Scores (3,7), true rows (7,), and whether a class occurs (7,)."""
    labels = range(len(DIAGNOSES))
    *scores, rows = precision_recall_fscore_support(target, guess, labels=labels, average=None, zero_division=0)
    return np.stack(scores), rows, (rows > 0) | (np.bincount(guess, minlength=len(DIAGNOSES)) > 0)


def _named(scores: Floats) -> dict[str, float]:
    return dict(zip(SCORES, map(float, scores), strict=True))
