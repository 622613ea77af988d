"""Figures of merit on held-out answers. The decision rule stands in a figure's name; intervals draw whole lesions."""

from training.metrics.answers import RARE_FIRST, RULES, Answers, Floats, Labels
from training.metrics.bootstrap import Interval, interval, rate, resamples
from training.metrics.calibration import Bin, brier_score, expected_calibration_error, mean_gap, reliability
from training.metrics.classes import class_scores, confusion, scores_with_intervals
from training.metrics.curves import (
    Point,
    Ranking,
    binary_auc,
    class_aucs,
    point_at,
    points_with_intervals,
    rankings,
    sensitivity_at_specificity,
)
from training.metrics.figures import FIGURES, balanced_accuracy, figures

__all__ = [
    "FIGURES",
    "RARE_FIRST",
    "RULES",
    "Answers",
    "Bin",
    "Floats",
    "Interval",
    "Labels",
    "Point",
    "Ranking",
    "balanced_accuracy",
    "binary_auc",
    "brier_score",
    "class_aucs",
    "class_scores",
    "confusion",
    "expected_calibration_error",
    "figures",
    "interval",
    "mean_gap",
    "point_at",
    "points_with_intervals",
    "rankings",
    "rate",
    "reliability",
    "resamples",
    "scores_with_intervals",
    "sensitivity_at_specificity",
]
