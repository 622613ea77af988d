"""A graph in eight bits: smaller, nearly the same answers, float at both ends, and told apart from one in float32."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from onnx import numpy_helper

from inference.onnx_graph import summarise
from inference.runtime import Runtime
from training.export.eight_bits import quantised, single
from training.export.members import Ensemble, to_onnx
from training.export.storage import halved
from training.networks.fused import FusedConfig

SIZE = (64, 96)
SEVEN_BITS = 64  # a signed kernel of seven bits keeps within ±64


@pytest.fixture(scope="module")
def exported() -> bytes:
    torch.manual_seed(0)
    config = FusedConfig(widths=(16, 16, 32, 32), blocks=(1, 1, 1, 1))
    return to_onnx(Ensemble([config.build().eval(), config.build().eval()]), *SIZE)


def pictures(count: int, seed: int) -> Iterator[np.ndarray]:
    rng = np.random.default_rng(seed)
    for _ in range(count):
        yield rng.normal(size=(1, 3, *SIZE)).astype(np.float32)


@pytest.fixture(scope="module")
def rounded(exported: bytes) -> bytes:
    return quantised(halved(exported), pictures(8, seed=1))


def answer(model: bytes, picture: np.ndarray) -> list[np.ndarray]:
    session = ort.InferenceSession(model, providers=["CPUExecutionProvider"])
    answers: list[np.ndarray] = session.run(["features", "mask"], {"image": picture})
    return answers


def test_the_answers_stay_close_and_are_float(exported: bytes, rounded: bytes) -> None:
    (picture,) = pictures(1, seed=2)
    for before, after in zip(answer(exported, picture), answer(rounded, picture), strict=True):
        assert after.dtype == np.float32
        assert after.shape == before.shape
        assert not np.array_equal(after, before)
        assert np.linalg.norm(after - before) < 0.2 * np.linalg.norm(before)
    assert answer(rounded, picture)[0].min() >= 0


def test_kernels_are_whole_numbers_of_seven_bits(exported: bytes, rounded: bytes) -> None:
    kernels = [
        numpy_helper.to_array(tensor)
        for tensor in onnx.load_from_string(rounded).graph.initializer
        if len(tensor.dims) == 4
    ]
    assert {kernel.dtype for kernel in kernels} == {np.dtype(np.int8)}
    assert max(int(np.abs(kernel.astype(int)).max()) for kernel in kernels) <= SEVEN_BITS
    assert len(rounded) < 0.5 * len(exported)


def test_it_is_the_same_bytes_each_time(exported: bytes, rounded: bytes) -> None:
    assert quantised(exported, pictures(8, seed=1)) != quantised(exported, pictures(8, seed=3))
    assert quantised(halved(exported), pictures(8, seed=1)) == rounded


def test_the_runtime_says_in_which_precision_it_computes(exported: bytes, rounded: bytes) -> None:
    assert not summarise(exported).quantised
    assert summarise(rounded).quantised
    described = [Runtime(lambda model=model: model).description for model in (exported, rounded)]
    assert [" float32 " in described[0], " int8 " in described[1]] == [True, True]


def test_halves_become_single_again(exported: bytes) -> None:
    (picture,) = pictures(1, seed=2)
    again = single(halved(exported))
    assert b"float16" not in again
    assert all(
        tensor.data_type == onnx.TensorProto.FLOAT
        for tensor in onnx.load_from_string(again).graph.initializer
        if len(tensor.dims) == 4
    )
    np.testing.assert_array_equal(answer(again, picture)[0], answer(halved(exported), picture)[0])


def test_no_pictures_and_a_graph_that_was_rounded_before_are_refused(exported: bytes, rounded: bytes) -> None:
    with pytest.raises(ValueError, match="give some of the training side"):
        quantised(exported, iter(()))
    with pytest.raises(ValueError, match="quantised already"):
        quantised(rounded, pictures(1, seed=1))
