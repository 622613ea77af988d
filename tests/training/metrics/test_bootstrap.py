"""Correction for several comparisons, and recalls that are one figure wherever they stand."""

from __future__ import annotations

import numpy as np
import pytest

from training.evaluation.side import report
from training.metrics import Answers, holm, recalls, scores_with_intervals


def test_holm_on_a_worked_example_in_any_order_and_without_what_was_not_compared() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.04, float("nan"), 0.5]) == pytest.approx([0.08, float("nan"), 0.5], nan_ok=True)
    assert holm([0.9, 0.8]) == [1, 1]
    assert holm([]) == []


def test_a_recall_has_one_interval_in_every_table() -> None:
    rng = np.random.default_rng(0)
    target = rng.integers(0, 6, 200)  # and no vasc
    p = rng.dirichlet(np.ones(7), 200) + np.eye(7)[target] / 3
    a = Answers(p, p / p.sum(1, keepdims=True), target, np.arange(200) // 2)
    found = recalls(a, "p/prior", bootstrap=40)
    scores = scores_with_intervals(a, "p/prior", bootstrap=40)
    rows = report(a, np.ones((200, 7), bool), bootstrap=40)["classes"]
    assert set(found) == {"akiec", "bcc", "bkl", "df", "mel", "nv"}
    for code, recall in found.items():
        assert recall == scores[code]["recall"]
        assert (recall.value, recall.low, recall.high) == tuple(rows[code]["recall (p/prior)"].values())
        assert recall.low < recall.value < recall.high
    assert rows["vasc"] == {"n": 0}
