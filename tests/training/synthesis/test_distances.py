from __future__ import annotations

import numpy as np
import pytest

from training.synthesis.distances import fid, kid, mmd


def _drawn(n: int, shift: float = 0.0, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(shift, 1, (n, 6))


def test_the_kernel_distance_equals_its_sums_by_hand() -> None:
    a, b = np.array([[0.0, 1], [2, 0], [1, 1]]), np.array([[1.0, 0], [0, 2]])

    def k(x: np.ndarray, y: np.ndarray) -> float:
        return float((x @ y / 2 + 1) ** 3)

    own_a = sum(k(a[i], a[j]) for i in range(3) for j in range(3) if i != j) / 6
    own_b = sum(k(b[i], b[j]) for i in range(2) for j in range(2) if i != j) / 2
    across = sum(k(x, y) for x in a for y in b) / 6
    assert mmd(a, b) == pytest.approx(own_a + own_b - 2 * across)


def test_the_kernel_distance_is_unbiased_and_sees_a_shift() -> None:
    same = [mmd(_drawn(40, seed=i), _drawn(40, seed=1000 + i)) for i in range(300)]
    assert abs(np.mean(same)) < 3 * np.std(same) / np.sqrt(300)
    assert min(same) < 0  # a biased one, with its diagonal, never is
    assert mmd(_drawn(200), _drawn(200, 1.0, 1)) > 10 * np.std(same)


def test_subsets_say_how_sure_it_is_and_a_larger_shift_lies_farther() -> None:
    near, far = (kid(_drawn(300), _drawn(300, shift, 1), subset=100, subsets=20) for shift in (0.3, 1.0))
    assert 0 < near.value < far.value
    assert near.deviation > 0
    assert kid(_drawn(300), _drawn(300, 0.3, 1), subset=100, subsets=20) == near


def test_small_sets_do_not_look_surer_than_large_ones() -> None:
    few, many = (kid(_drawn(n), _drawn(n, 0.3, 1), subset=1000) for n in (30, 300))
    assert few.deviation > many.deviation > 0
    with pytest.raises(ValueError, match="4 pictures or more"):
        kid(_drawn(3), _drawn(30))


def test_frechet_equals_the_closed_form_of_two_gaussians() -> None:
    rng = np.random.default_rng(0)
    a = rng.normal(0, [1, 2, 3], (200_000, 3))
    b = rng.normal([1, 0, 0], [2, 2, 1], (200_000, 3))
    assert fid(a, b) == pytest.approx(1 + (1 - 2) ** 2 + 0 + (3 - 1) ** 2, rel=0.02)
    assert fid(a, a) == pytest.approx(0, abs=1e-6)


def test_one_picture_is_no_set() -> None:
    for distance in (mmd, fid):
        with pytest.raises(ValueError, match="two pictures"):
            distance(_drawn(1), _drawn(5))
