"""Precision, recall and F1 against figures worked by hand, and the confusion matrix they come from."""

import numpy as np
import pytest
from sklearn.metrics import precision_recall_fscore_support

from inference.vocabulary import DIAGNOSES, DIAGNOSIS_NAMES
from training.metrics import (
    RARE_FIRST,
    Answers,
    balanced_accuracy,
    class_scores,
    confusion,
    figures,
    scores_with_intervals,
)

# truth → answer, and how often
CASES = [
    ("nv", "nv", 6),
    ("nv", "mel", 2),
    ("mel", "mel", 3),
    ("mel", "nv", 1),
    ("bcc", "nv", 2),  # bcc is never answered: its precision has no cases
    ("bkl", "bkl", 1),
    ("bkl", "akiec", 1),  # akiec is never true: its recall has no cases
]
# by hand: precision, recall, F1
EXPECTED = {
    "nv": (6 / 9, 6 / 8, 12 / 17),
    "mel": (3 / 5, 3 / 4, 6 / 9),
    "bcc": (0, 0, 0),
    "bkl": (1, 1 / 2, 2 / 3),
    "akiec": (0, 0, 0),
}


def _codes(column: int) -> np.ndarray:
    return np.array([DIAGNOSES.index(case[column]) for case in CASES for _ in range(case[2])])


TARGET, GUESS = _codes(0), _codes(1)


def test_each_class_equals_what_was_worked_by_hand() -> None:
    found = class_scores(TARGET, GUESS)
    for code, expected in EXPECTED.items():
        assert tuple(found[code].values()) == pytest.approx(expected)
    assert list(found["nv"]) == ["precision", "recall", "f1"]
    assert all(np.isnan(found[code]["f1"]) for code in ("df", "vasc"))  # neither true nor answered


def test_the_means_equal_what_was_worked_by_hand() -> None:
    found = class_scores(TARGET, GUESS)
    macro = np.mean(list(EXPECTED.values()), axis=0)
    macro[1] = (6 / 8 + 3 / 4 + 0 + 1 / 2) / 4  # recall: akiec is never true
    rows = {"nv": 8, "mel": 4, "bcc": 2, "bkl": 2, "akiec": 0}
    weighted = sum(rows[code] * np.array(EXPECTED[code]) for code in rows) / 16
    assert tuple(found["macro"].values()) == pytest.approx(macro)
    assert tuple(found["weighted"].values()) == pytest.approx(weighted)


def test_the_macro_recall_is_the_balanced_accuracy_also_where_a_class_has_no_rows() -> None:
    assert (DIAGNOSES.index("akiec") != TARGET).all()
    assert (DIAGNOSES.index("akiec") == GUESS).any()
    found = class_scores(TARGET, GUESS)
    assert found["macro"]["recall"] == pytest.approx(balanced_accuracy(TARGET, GUESS))
    a = Answers(np.eye(7)[GUESS], np.eye(7)[GUESS], TARGET, np.arange(len(TARGET)))
    with_intervals, figure = scores_with_intervals(a, "p/prior", bootstrap=30), figures(a, bootstrap=30)
    assert with_intervals["macro"]["recall"] == pytest.approx(figure["balanced_accuracy (p/prior)"])


def test_the_means_equal_scikit_learns_own() -> None:
    rng = np.random.default_rng(3)
    target, guess = rng.integers(0, 7, 200), rng.integers(0, 6, 200)
    found = class_scores(target, guess)
    for mean in ("macro", "weighted"):
        reference = precision_recall_fscore_support(target, guess, average=mean, zero_division=0)[:3]
        assert tuple(found[mean].values()) == pytest.approx(reference)


def test_rows_of_the_confusion_matrix_are_the_truth() -> None:
    counts = confusion(TARGET, GUESS)
    assert counts.sum() == len(TARGET)
    assert counts[DIAGNOSES.index("nv"), DIAGNOSES.index("mel")] == 2
    assert counts[DIAGNOSES.index("mel"), DIAGNOSES.index("nv")] == 1
    np.testing.assert_array_equal(counts.sum(axis=1), np.bincount(TARGET, minlength=7))


def test_the_rules_are_not_mixed_up() -> None:
    scores, p = np.eye(7)[TARGET], np.eye(7)[GUESS]
    a = Answers(scores, p, TARGET, np.arange(len(TARGET)))
    assert scores_with_intervals(a, "p/prior", bootstrap=5)["weighted"]["f1"].value == 1
    by_p = scores_with_intervals(a, "arg-max p", bootstrap=50)["nv"]["recall"]
    assert by_p.value == pytest.approx(6 / 8)
    assert by_p.low < 6 / 8 < by_p.high


def test_the_rare_classes_are_chosen_by_code_and_not_by_the_reports_indexes() -> None:
    # The report sorted by name, took rows 3, 4 and 5, and called them df, akiec and vasc.
    by_name = sorted(DIAGNOSES, key=DIAGNOSIS_NAMES.__getitem__)
    assert by_name[3:6] == ["df", "nv", "mel"]
    assert RARE_FIRST[:3] == ("df", "vasc", "akiec")
    assert sorted(RARE_FIRST) == sorted(DIAGNOSES)
    hits = {"df": 0.2, "vasc": 0.4, "akiec": 0.6}
    target = np.repeat(np.arange(7), 10)
    miss = DIAGNOSES.index("bkl")
    right = [i < 10 * hits.get(code, 1) for code in DIAGNOSES for i in range(10)]
    found = class_scores(target, np.where(right, target, miss))
    assert {code: found[code]["recall"] for code in RARE_FIRST[:3]} == pytest.approx(hits)
