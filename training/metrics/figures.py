"""The headline figures, each with its decision rule in its name. Words as in scikit-learn."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from sklearn.metrics import f1_score

from inference.vocabulary import DIAGNOSES
from training.metrics.answers import Answers, Labels
from training.metrics.bootstrap import Interval, interval, resamples
from training.metrics.calibration import brier_score, expected_calibration_error
from training.metrics.curves import binary_auc, class_aucs, sensitivity_at_specificity

BALANCED = "balanced_accuracy (p/prior)"  # the headline


def balanced_accuracy(target: Labels, guess: Labels) -> float:
    """Mean recall of the classes that occur."""
    rows = np.bincount(target)
    hits = np.bincount(target[target == guess], minlength=len(rows))
    return float((hits[rows > 0] / rows[rows > 0]).mean())


def recall_balanced(a: Answers) -> float:
    """Balanced accuracy of the p/prior decision."""
    return balanced_accuracy(a.target, a.scores.argmax(1))


def _macro_auc(a: Answers) -> float:
    """Mean AUC of the classes that occur and do not stand alone; NaN where there is none."""
    known = [auc for auc in class_aucs(a).values() if not np.isnan(auc)]
    return float(np.mean(known)) if known else float("nan")


FIGURES: dict[str, Callable[[Answers], float]] = {
    BALANCED: recall_balanced,
    "balanced_accuracy (arg-max p)": lambda a: balanced_accuracy(a.target, a.p.argmax(1)),
    "macro_f1 (arg-max p)": lambda a: float(f1_score(a.target, a.p.argmax(1), average="macro", zero_division=0)),
    "macro_auc": _macro_auc,
    "melanoma_auc": lambda a: binary_auc(a.melanoma, a.p[:, DIAGNOSES.index("mel")]),
    "melanoma_sensitivity_at_95_specificity": lambda a: sensitivity_at_specificity(
        a.melanoma, a.p[:, DIAGNOSES.index("mel")], 0.95
    ),
    "malignant_sensitivity_at_85_specificity": lambda a: sensitivity_at_specificity(a.malignant, a.malignancy, 0.85),
    "accuracy (arg-max p)": lambda a: float((a.p.argmax(1) == a.target).mean()),
    "expected_calibration_error": expected_calibration_error,
    "brier_score": brier_score,
}


def figures(a: Answers, *, bootstrap: int = 1000) -> dict[str, Interval]:
    """Every figure of ``FIGURES`` with its 95 % interval over lesions."""
    samples = [a.take(rows) for rows in resamples(a.lesion, bootstrap)]
    return {name: interval(figure(a), [figure(sample) for sample in samples]) for name, figure in FIGURES.items()}
