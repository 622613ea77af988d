"""Ranking and its working points against counts by hand and by brute force."""

from dataclasses import astuple

import numpy as np
import pytest

from inference.vocabulary import DIAGNOSES
from training.metrics import Answers, binary_auc, point_at, points_with_intervals, rankings

POSITIVE = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], bool)
SCORE = np.array([0.9, 0.8, 0.55, 0.1, 0.6, 0.5, 0.4, 0.4, 0.3, 0.3, 0.2, 0.2, 0.1, 0.0])


def test_auc_of_scores_with_many_ties_equals_the_count_of_pairs() -> None:
    rng = np.random.default_rng(5)
    positive = rng.random(200) < 0.2
    score = rng.integers(0, 4, 200) / 4 + 0.25 * positive
    pairs = [(a > b) + 0.5 * (a == b) for a in score[positive] for b in score[~positive]]
    assert binary_auc(positive, score) == pytest.approx(np.mean(pairs))


def test_average_precision_is_the_mean_precision_at_each_find() -> None:
    p = np.zeros((14, 7))
    p[:, DIAGNOSES.index("mel")] = SCORE
    target = np.where(POSITIVE, DIAGNOSES.index("mel"), DIAGNOSES.index("nv"))
    found = rankings(Answers(p, p, target, np.arange(14)), bootstrap=30)
    # Finds at ranks 1, 2 and 4; the last positive shares its score with one other, at rank 13.
    assert found["mel"].average_precision.value == pytest.approx((1 + 1 + 3 / 4 + 4 / 13) / 4)
    assert found["mel"].auc.low < found["mel"].auc.value < found["mel"].auc.high
    assert np.isnan(found["df"].auc.value)


def test_a_point_keeps_what_is_asked_and_gives_the_most_of_the_other() -> None:
    assert astuple(point_at(POSITIVE, SCORE, specificity=0.95)) == pytest.approx((0.8, 0.5, 1.0))
    assert astuple(point_at(POSITIVE, SCORE, specificity=0.9)) == pytest.approx((0.55, 0.75, 0.9))
    assert astuple(point_at(POSITIVE, SCORE, sensitivity=0.5)) == pytest.approx((0.8, 0.5, 1.0))
    assert astuple(point_at(POSITIVE, SCORE, sensitivity=0.8)) == pytest.approx((0.1, 1.0, 0.1))


def test_intervals_of_points_draw_whole_lesions() -> None:
    rng = np.random.default_rng(0)
    positive = rng.random(60) < 0.5
    score = rng.random(60) + 0.4 * positive
    alone = points_with_intervals(positive, score, np.arange(60), specificities=(0.8,), bootstrap=200)
    five = np.repeat(np.arange(60), 5)
    copied = points_with_intervals(positive[five], score[five], five, specificities=(0.8,), bootstrap=200)
    words, point, found = alone[0]
    assert words == "specificity of 80% or more"
    assert found.low <= point.sensitivity <= found.high
    assert copied[0][2] == pytest.approx(found)  # five photographs of a lesion know no more than one
    assert [words for words, _, _ in alone[1:]] == [f"sensitivity of {s}% or more" for s in (80, 90, 95)]
