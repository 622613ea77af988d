"""Kernels stored in half precision: smaller, the same answers to the last digits that are shown, and never silently wrong."""

from __future__ import annotations

import numpy as np
import onnxruntime as ort
import pytest
import torch

from training.export.members import Ensemble, to_onnx
from training.export.storage import halved
from training.networks.fused import FusedConfig

SIZE = (64, 96)


@pytest.fixture(scope="module")
def network() -> Ensemble:
    torch.manual_seed(0)
    return Ensemble([FusedConfig(widths=(16, 16, 32, 32), blocks=(1, 1, 1, 1)).build().eval()])


def _features(model: bytes) -> np.ndarray:
    session = ort.InferenceSession(model, providers=["CPUExecutionProvider"])
    picture = np.random.default_rng(0).normal(size=(2, 3, *SIZE)).astype(np.float32)
    features: np.ndarray = session.run(["features"], {"image": picture})[0]
    return features


def test_half_precision_takes_half_the_bytes_and_answers_in_single_precision(network: Ensemble) -> None:
    single = to_onnx(network, *SIZE)
    half = halved(single)
    assert len(half) < 0.62 * len(single)
    whole, stored = _features(single), _features(half)
    assert stored.dtype == np.float32
    assert not np.array_equal(stored, whole)
    np.testing.assert_allclose(stored, whole, atol=0.005 * np.abs(whole).max())


def test_a_weight_that_half_precision_cannot_hold_is_refused(network: Ensemble) -> None:
    kernel = next(p for p in network.parameters() if p.ndim == 4)
    before = kernel.detach().clone()
    kernel.data *= 1e7
    try:
        with pytest.raises(ValueError, match="too large for half precision"):
            halved(to_onnx(network, *SIZE))
    finally:
        kernel.data.copy_(before)
