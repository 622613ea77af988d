"""Figures of merit on held-out answers. The decision rule stands in a figure's name; intervals draw whole lesions."""

from training.metrics.answers import RARE_FIRST, RULES, Answers, Floats, Labels
from training.metrics.bootstrap import Interval, holm, interval, rate, resamples, two_sided_p
from training.metrics.calibration import Bin, brier_score, expected_calibration_error, mean_gap, reliability
from training.metrics.classes import balanced_draws, class_scores, confusion, recalls, scores_with_intervals
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
from training.metrics.figures import BALANCED, FIGURES, balanced_accuracy, figures, recall_balanced

__all__ = [
    "BALANCED",
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
    "balanced_draws",
    "binary_auc",
    "brier_score",
    "class_aucs",
    "class_scores",
    "confusion",
    "expected_calibration_error",
    "figures",
    "holm",
    "interval",
    "mean_gap",
    "point_at",
    "points_with_intervals",
    "rankings",
    "rate",
    "recall_balanced",
    "recalls",
    "reliability",
    "resamples",
    "scores_with_intervals",
    "sensitivity_at_specificity",
    "two_sided_p",
]
