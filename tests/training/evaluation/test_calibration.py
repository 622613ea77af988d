import numpy as np
import pytest

from training.evaluation.calibration import (
    conformal_quantiles,
    fit_temperature,
    probabilities,
    threshold_at_sensitivity,
)


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
    quantiles = conformal_quantiles(p[:10_000], target[:10_000], alpha=0.1)
    inside = (1 - p[10_000:] <= quantiles)[np.arange(10_000), target[10_000:]]
    for k in range(3):
        assert inside[target[10_000:] == k].mean() == pytest.approx(0.9, abs=0.02)


def test_a_class_with_too_few_rows_is_always_in_the_set() -> None:
    p = np.array([[0.9, 0.1]] * 20 + [[0.2, 0.8]] * 3)
    assert conformal_quantiles(p, np.array([0] * 20 + [1] * 3), alpha=0.1)[1] == 1.0


def test_the_threshold_keeps_the_sensitivity_that_was_asked_for() -> None:
    risk = np.array([0.9, 0.8, 0.7, 0.3, 0.6, 0.1])
    positive = np.array([True, True, True, True, False, False])
    assert threshold_at_sensitivity(risk, positive, 0.75) == 0.7
    assert threshold_at_sensitivity(risk, positive, 1.0) == 0.3
