"""Precision, recall and F1 of each class, and the confusion matrix behind them."""

from __future__ import annotations

from collections.abc import Sequence

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
    found = {
        name: {score: interval(of[score], [draw[name][score] for draw in draws]) for score in SCORES}
        for name, of in value.items()
    }
    for code, recall in recalls(a, rule, bootstrap=bootstrap).items():
        found[code]["recall"] = recall
    return found


def recalls(a: Answers, rule: str, *, bootstrap: int = 1000) -> dict[str, Interval]:
    """Recall of each class that has true rows, by its code, with its 95 % interval over lesions.

    A draw that misses a class says nothing about it and is left out.
    """
    hits, rows = _hits_and_rows(a.target, a.guess(rule), [np.arange(len(a.target))])
    drawn_hits, drawn = _hits_and_rows(a.target, a.guess(rule), resamples(a.lesion, bootstrap))
    share = np.divide(drawn_hits, drawn, out=np.full_like(drawn, np.nan), where=drawn > 0)
    known = [(k, code) for k, code in enumerate(DIAGNOSES) if rows[0, k]]
    return {code: interval(hits[0, k] / rows[0, k], share[:, k]) for k, code in known}


def balanced_draws(a: Answers, samples: Sequence[NDArray[np.int64]]) -> Floats:
    """Balanced accuracy (p/prior) of each of B resamples (B,), as one product of matrices."""
    hits, rows = _hits_and_rows(a.target, a.guess("p/prior"), samples)
    with np.errstate(invalid="ignore"):  # a class that a resample misses says nothing there
        return np.asarray(np.nanmean(hits / rows, axis=1))


def _hits_and_rows(target: Labels, guess: Labels, samples: Sequence[NDArray[np.int64]]) -> tuple[Floats, Floats]:
    """How many rows of each class are named rightly, and how many there are, in each of B resamples: both (B,7)."""
    times = np.stack([np.bincount(rows, minlength=len(target)) for rows in samples]).astype(np.float64)  # (B,N)
    of_class = np.eye(len(DIAGNOSES))[target]
    return times @ (of_class * (guess == target)[:, None]), times @ of_class


def _scores(target: Labels, guess: Labels) -> tuple[Floats, NDArray[np.int64], NDArray[np.bool_]]:
    """Scores (3,7), true rows (7,), and whether a class occurs (7,)."""
    labels = range(len(DIAGNOSES))
    *scores, rows = precision_recall_fscore_support(target, guess, labels=labels, average=None, zero_division=0)
    return np.stack(scores), rows, (rows > 0) | (np.bincount(guess, minlength=len(DIAGNOSES)) > 0)


def _named(scores: Floats) -> dict[str, float]:
    return dict(zip(SCORES, map(float, scores), strict=True))
