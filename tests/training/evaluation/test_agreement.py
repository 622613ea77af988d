"""How far two models agree on single photographs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.training.evaluation.test_predicted import answered
from training.evaluation.agreement import agreement, agreement_words
from training.evaluation.predicted import Rows


def test_a_model_agrees_with_itself() -> None:
    one = answered().rows("fused")
    found = agreement(one, one)
    assert found["same_guess"] == {"p/prior": 1.0, "arg-max p": 1.0}
    assert found["same_flag"] == 1.0
    assert found["largest_change_of_a_score"] == 0
    assert set(found["change_of_p"].values()) == {0.0}


def test_each_change_is_counted_where_it_is() -> None:
    """One photograph gets another score, another another p, a third another flag."""
    one = answered().rows("fused")
    scores, p, flagged = one.answers.scores.copy(), one.answers.p.copy(), one.flagged.copy()
    worst, likeliest = scores[0].argmin(), p[1].argmax()
    scores[0, worst] = scores[0].max() + 1
    p[1, [likeliest, likeliest - 1]] = p[1, [likeliest - 1, likeliest]]
    flagged[2] = ~flagged[2]
    other = Rows(one.name, one.images, one.lesions, replace(one.answers, scores=scores, p=p), flagged)
    found, total = agreement(one, other), len(one.images)
    assert found["photographs"] == total
    assert found["same_guess"] == {"p/prior": pytest.approx(1 - 1 / total), "arg-max p": pytest.approx(1 - 1 / total)}
    assert found["same_flag"] == pytest.approx(1 - 1 / total)
    assert found["largest_change_of_a_score"] == pytest.approx(np.ptp(one.answers.scores[0]) + 1)
    assert found["change_of_p"]["largest"] == pytest.approx(np.abs(one.answers.p - p).max())
    assert found["change_of_p"]["median"] == 0
    assert f"({total - 1:,}) by arg-max p" in agreement_words(found).sentences[0]
