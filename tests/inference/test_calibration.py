import dataclasses

import numpy as np
import pytest

from inference.bundle import Bundle
from inference.calibration import balanced_scores, probabilities

LOGITS = np.float32([0.5, -1.0, 2.0, 0.0, 1.5, 1.9, -3.0])


def test_probabilities_follow_the_formula(bundle: Bundle) -> None:
    calibration = bundle.manifest.calibration
    prior = np.array([calibration.log_prior[code] for code in bundle.manifest.labels])
    for fused, temperature in ((True, 1.5), (False, 1.2)):
        weights = np.exp(LOGITS.astype(float) / temperature + prior)
        found = probabilities(LOGITS, bundle.manifest, fused=fused)
        np.testing.assert_allclose(found, weights / weights.sum(), rtol=1e-12)
        assert found.sum() == pytest.approx(1, abs=1e-12)


def test_the_two_decisions_differ_by_the_prior(bundle: Bundle) -> None:
    labels = bundle.manifest.labels
    assert labels[balanced_scores(LOGITS, bundle.manifest, fused=True).argmax()] == "bkl"
    assert labels[probabilities(LOGITS, bundle.manifest, fused=True).argmax()] == "nv"


def test_the_prior_follows_the_code_and_not_the_place(bundle: Bundle) -> None:
    backwards = dataclasses.replace(bundle.manifest, labels=tuple(reversed(bundle.manifest.labels)))
    np.testing.assert_allclose(
        probabilities(LOGITS[::-1], backwards, fused=True)[::-1], probabilities(LOGITS, bundle.manifest, fused=True)
    )


def test_huge_logits_do_not_overflow(bundle: Bundle) -> None:
    found = probabilities(LOGITS * np.float32(1e6), bundle.manifest, fused=True)
    assert np.isfinite(found).all()
    assert found.max() == pytest.approx(1)
