import numpy as np
import pytest

from inference.vocabulary import DIAGNOSES
from training.metrics import Answers, expected_calibration_error, figures, resamples, sensitivity_at_specificity
from training.metrics import class_aucs as aucs


def _answers(n: int = 140) -> Answers:
    rng = np.random.default_rng(1)
    target = np.arange(n) % 7
    scores = rng.normal(size=(n, 7)) + 1.5 * np.eye(7)[target]
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    return Answers(scores, p, target, np.arange(n) // 2)


def test_auc_equals_the_brute_force_count_of_pairs_with_ties() -> None:
    a = _answers()
    tied = Answers(a.scores, a.p.round(1), a.target, a.lesion)
    for k, code in enumerate(DIAGNOSES):
        inside, outside = tied.p[tied.target == k, k], tied.p[tied.target != k, k]
        wins = (inside[:, None] > outside).mean() + 0.5 * (inside[:, None] == outside).mean()
        assert aucs(tied)[code] == pytest.approx(wins)


def test_malignancy_is_mel_bcc_and_akiec() -> None:
    p = np.array([[0.1, 0.2, 0.0, 0.0, 0.3, 0.4, 0.0]])
    a = Answers(p, p, np.array([DIAGNOSES.index("bkl")]), np.array([0]))
    assert a.malignancy == pytest.approx(0.6)
    assert not a.malignant[0]


def test_the_decision_rule_changes_balanced_accuracy() -> None:
    a = _answers()
    skewed = a.p * np.array([0.02, 0.02, 0.02, 0.02, 0.02, 0.88, 0.02])
    b = Answers(a.scores, skewed / skewed.sum(axis=1, keepdims=True), a.target, a.lesion)
    found = figures(b, bootstrap=20)
    recalls = [(b.scores.argmax(1) == k)[b.target == k].mean() for k in range(7)]
    assert found["balanced_accuracy (p/prior)"].value == pytest.approx(np.mean(recalls))
    assert found["balanced_accuracy (arg-max p)"].value < found["balanced_accuracy (p/prior)"].value - 0.1


def test_calibration_error_of_known_answers() -> None:
    p = np.tile([0.8, 0.2, 0, 0, 0, 0, 0], (150, 1))
    right = Answers(p, p, np.array([0] * 120 + [1] * 30)[np.random.default_rng(0).permutation(150)], np.arange(150))
    wrong = Answers(p, p, np.ones(150, int), np.arange(150))
    assert expected_calibration_error(right, bins=1) == pytest.approx(0)
    assert expected_calibration_error(wrong, bins=1) == pytest.approx(0.8)


def test_sensitivity_at_specificity_of_a_worked_example() -> None:
    positive = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], bool)
    score = np.array([0.9, 0.8, 0.55, 0.1, 0.6, 0.5, 0.4, 0.4, 0.3, 0.3, 0.2, 0.2, 0.1, 0.0])
    assert sensitivity_at_specificity(positive, score, 0.95) == 0.5
    assert sensitivity_at_specificity(positive, score, 0.9) == 0.75


def test_resamples_draw_whole_lesions() -> None:
    lesion = np.array([0, 1, 1, 2, 2, 2])
    for rows in resamples(lesion, 20):
        counts = np.bincount(rows, minlength=6)
        assert counts[1] == counts[2]
        assert counts[3] == counts[4] == counts[5]


def test_intervals_hold_their_figure() -> None:
    for interval in figures(_answers(), bootstrap=60).values():
        assert interval.low <= interval.high
    accuracy = figures(_answers(), bootstrap=60)["accuracy (arg-max p)"]
    assert accuracy.low < accuracy.value < accuracy.high
