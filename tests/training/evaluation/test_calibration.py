from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.manifest import SetRule
from inference.uncertainty import prediction_set
from inference.vocabulary import DIAGNOSES
from training.evaluation.calibration import (
    conformal_quantiles,
    fit_temperature,
    probabilities,
    threshold_at_sensitivity,
)
from training.evaluation.fitted import benign_only, fit_sets, prediction_sets
from training.evaluation.judged import Judged


def _drawn(n: int = 20_000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores whose truth is drawn from their own softmax under an uneven prior."""
    rng = np.random.default_rng(0)
    prior = np.log(np.array([0.7, 0.2, 0.1]))
    scores = rng.normal(0, 1.5, size=(n, 3))
    p = probabilities(scores, 1.0, prior)
    return scores, (rng.random((n, 1)) > p.cumsum(axis=1)).sum(axis=1), prior


@pytest.mark.parametrize("temperature", [0.5, 2.5])
def test_a_wrong_temperature_is_found(temperature: float) -> None:
    scores, target, prior = _drawn()
    assert fit_temperature(scores * temperature, target, prior) == pytest.approx(temperature, rel=0.05)


def test_sets_hold_each_class_at_the_promised_rate() -> None:
    scores, target, prior = _drawn()
    p = probabilities(scores, 1.0, prior)
    quantiles = conformal_quantiles(p[:10_000], target[:10_000], np.arange(10_000), alpha=0.1, borrowed=0)
    inside = (1 - p[10_000:] <= quantiles)[np.arange(10_000), target[10_000:]]
    for k in range(3):
        assert inside[target[10_000:] == k].mean() == pytest.approx(0.9, abs=0.02)


def test_a_class_with_too_few_rows_is_always_in_the_set() -> None:
    p, target, lesion = np.array([[0.9, 0.1]] * 20 + [[0.2, 0.8]] * 3), np.array([0] * 20 + [1] * 3), np.arange(23)
    assert conformal_quantiles(p, target, lesion, alpha=0.1, borrowed=0)[1] == 1.0
    none_seen = np.zeros(23, int)
    assert conformal_quantiles(p, none_seen, lesion, alpha=0.1, borrowed=10)[1] == 1.0


def test_the_rate_of_exchangeable_rows_is_the_promised_one_in_the_mean() -> None:
    """Over many small calibration sides: as often as the rank says, within what chance does to as many draws."""
    rng, n, draws = np.random.default_rng(1), 40, 2000
    p = rng.random((draws, n + 1, 1))
    target, lesion = np.zeros(n, int), np.arange(n)
    inside = [1 - one[n, 0] <= conformal_quantiles(one[:n], target, lesion, alpha=0.1, borrowed=10)[0] for one in p]
    expected = np.ceil((n + 1) * 0.9) / (n + 1)
    assert abs(np.mean(inside) - expected) < 3 * np.sqrt(expected * (1 - expected) / draws)


@settings(deadline=None)
@given(st.integers(0, 10_000), st.floats(0.02, 0.5), st.floats(0.02, 0.5))
def test_a_higher_rate_never_narrows_a_limit(seed: int, one: float, other: float) -> None:
    rng = np.random.default_rng(seed)
    p, target = rng.dirichlet(np.ones(3), 60), rng.integers(0, 3, 60)
    lesion = rng.integers(0, 40, 60)
    wide, narrow = (conformal_quantiles(p, target, lesion, alpha, borrowed=10) for alpha in sorted((one, other)))
    assert (wide >= narrow).all()


def test_a_class_of_few_lesions_borrows_and_one_of_many_does_not() -> None:
    wrongness = np.concatenate([np.linspace(0, 0.5, 100), np.full(10, 0.9)])
    p, target = np.tile(1 - wrongness[:, None], 2), np.repeat([0, 1], [100, 10])
    lesion = np.arange(110)
    own = conformal_quantiles(p, target, lesion, alpha=0.1, borrowed=0)
    borrowing = conformal_quantiles(p, target, lesion, alpha=0.1, borrowed=1000)
    assert own.tolist() == pytest.approx([wrongness[90], 0.9])
    assert borrowing[0] == own[0]
    assert borrowing[1] == pytest.approx(wrongness[90], abs=0.01)
    photographed_often = np.where(target == 0, lesion % 29, lesion)  # 100 photographs of 29 lesions are few
    assert conformal_quantiles(p, target, photographed_often, alpha=0.1, borrowed=1000)[0] > own[0]


def test_a_benign_class_may_borrow_and_a_malignant_one_keeps_its_own_limit() -> None:
    """One melanoma says nothing of its limit: it always enters, and no loan of nevi may change that."""
    assert dict(zip(DIAGNOSES, benign_only(10), strict=True)) == {
        **dict.fromkeys(("akiec", "bcc", "mel"), 0),
        **dict.fromkeys(("bkl", "df", "nv", "vasc"), 10),
    }
    nevus, melanoma, vascular = (DIAGNOSES.index(code) for code in ("nv", "mel", "vasc"))
    target = np.array([nevus] * 60 + [melanoma, vascular])
    scores = np.zeros((62, 7))
    scores[np.arange(62), target] = 3
    fitted = fit_sets(Judged(scores, scores, target, np.arange(62)), np.zeros(7), {"fused": 1.0, "image": 1.0}, 0.5)
    for quantiles in fitted.quantiles.values():
        assert quantiles[melanoma] == 1.0
        assert quantiles[vascular] < 0.5
    assert fitted.borrowing == {"vasc": 1}


@pytest.mark.parametrize("rule", get_args(SetRule))
def test_of_equally_likely_classes_the_most_severe_is_kept_as_the_runtime_keeps_it(rule: SetRule) -> None:
    p = np.zeros((1, 7))
    p[0, [DIAGNOSES.index("akiec"), DIAGNOSES.index("mel")]] = 0.5
    served = prediction_set(dict(zip(DIAGNOSES, p[0], strict=True)), dict.fromkeys(DIAGNOSES, 0.2), rule)
    found = prediction_sets(p, np.full(7, 0.2), rule)[0]
    assert served == ("mel",)
    assert [code for code, inside in zip(DIAGNOSES, found, strict=True) if inside] == ["mel"]


@settings(deadline=None)
@given(st.integers(0, 10_000))
def test_sets_of_many_rows_are_those_that_the_runtime_makes_one_by_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p, quantiles = rng.dirichlet(np.ones(7), 5), rng.random(7)
    limits = dict(zip(DIAGNOSES, quantiles, strict=True))
    for rule in get_args(SetRule):
        for row, found in zip(p, prediction_sets(p, quantiles, rule), strict=True):
            served = prediction_set(dict(zip(DIAGNOSES, row, strict=True)), limits, rule)
            assert {code for code, inside in zip(DIAGNOSES, found, strict=True) if inside} == set(served)


def test_the_threshold_keeps_the_sensitivity_that_was_asked_for() -> None:
    risk = np.array([0.9, 0.8, 0.7, 0.3, 0.6, 0.1])
    positive = np.array([True, True, True, True, False, False])
    assert threshold_at_sensitivity(risk, positive, 0.75) == 0.7
    assert threshold_at_sensitivity(risk, positive, 1.0) == 0.3
