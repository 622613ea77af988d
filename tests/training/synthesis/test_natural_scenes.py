"""The features against distributions that are known, and the score against pictures that were spoiled on purpose."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter
from scipy import stats

from tests.training.shipped import split
from training.data import ham10000
from training.data.pictures import STORED, read_picture
from training.data.records import DataError
from training.data.sides import records_of
from training.synthesis.natural_scenes import (
    asymmetric,
    brisque_features,
    luminance,
    normalised,
    patch_features,
    symmetric,
)
from training.synthesis.niqe import Pristine, fit_pristine


@pytest.mark.parametrize("shape", [0.6, 1.0, 2.0, 4.0])
def test_a_generalised_gaussian_is_found_again(shape: float) -> None:
    drawn = stats.gennorm.rvs(shape, size=(3, 200_000), random_state=7)
    found, variance = symmetric(drawn)
    np.testing.assert_allclose(found, shape, rtol=0.05)
    np.testing.assert_allclose(variance, stats.gennorm.var(shape), rtol=0.03)
    both, mean, left, right = asymmetric(drawn)
    np.testing.assert_allclose(both, shape, rtol=0.05)
    np.testing.assert_allclose(mean, 0, atol=0.03 * np.sqrt(stats.gennorm.var(shape)))
    np.testing.assert_allclose(left, right, rtol=0.03)


def test_an_asymmetric_one_too() -> None:
    rng = np.random.default_rng(0)
    size = np.abs(stats.gennorm.rvs(1.3, size=400_000, random_state=3))
    # The two halves join at zero only if each is as likely as it is wide.
    right = rng.random(len(size)) < 2 / 3
    drawn = np.where(right, 2 * size, -size)[None]
    shape, mean, left, wide = asymmetric(drawn)
    assert shape[0] == pytest.approx(1.3, rel=0.05)
    assert wide[0] / left[0] == pytest.approx(2, rel=0.02)
    assert mean[0] == pytest.approx(drawn.mean(), rel=0.05)


def test_what_is_left_after_the_local_mean_knows_no_brightness() -> None:
    grey = np.random.default_rng(1).normal(120, 30, (60, 80))
    assert np.allclose(normalised(grey)[0], normalised(grey + 40)[0], atol=1e-6)
    assert np.array_equal(normalised(np.full((20, 20), 90.0))[0], np.zeros((20, 20)))


def test_luminance_is_that_of_bt_601() -> None:
    assert luminance(np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8))[0] == pytest.approx(
        [76.245, 149.685, 29.07]
    )


def test_there_are_eighteen_numbers_a_scale_and_patches_lie_in_rows() -> None:
    image = np.random.default_rng(2).integers(0, 256, (100, 150, 3), dtype=np.uint8)
    assert brisque_features(image).shape == (36,)
    image[:48, 48:96] = 128  # the second patch is flat
    numbers, sharpness = patch_features(image, 48)
    assert numbers.shape == (6, 36)
    assert sharpness.argmin() == 1
    with pytest.raises(ValueError, match="No patch of 200×200"):
        patch_features(image, 200)


def test_a_pristine_model_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    images = [rng.integers(0, 256, (64, 96, 3), dtype=np.uint8) for _ in range(4)]
    made = fit_pristine(images, side=16)
    made.save(tmp_path / "pristine.npz")
    read = Pristine.load(tmp_path / "pristine.npz")
    assert read.niqe(images[0]) == made.niqe(images[0])
    assert read.brisque(images[0]) == made.brisque(images[0])
    (tmp_path / "other.npz").write_bytes(b"nothing")
    with pytest.raises(DataError, match="no pristine model"):
        Pristine.load(tmp_path / "other.npz")
    with pytest.raises(ValueError, match="two pictures"):
        fit_pristine(images[:1], side=16)


@pytest.fixture(scope="module")
def real(ham10000_dir: Path) -> tuple[Pristine, list[Image.Image]]:
    """A model of every eighth photograph of the training side, and photographs of the validation side."""
    records = ham10000.load(ham10000_dir)
    made = fit_pristine(np.asarray(read_picture(r.image)) for r in records_of(split(), records, "train")[::40])
    asked = records_of(split(), records, "validation")[::25]
    return made, [read_picture(r.image).resize(STORED[::-1]) for r in asked]


def _mean(model: Pristine, pictures: list[Image.Image]) -> float:
    return float(np.mean([model.niqe(np.asarray(picture)) for picture in pictures]))


@pytest.mark.ham10000
def test_niqe_rises_with_each_level_of_blur(real: tuple[Pristine, list[Image.Image]]) -> None:
    model, pictures = real
    levels = [_mean(model, pictures)]
    levels += [
        _mean(model, [p.filter(ImageFilter.GaussianBlur(sigma)) for p in pictures]) for sigma in (0.5, 1, 1.5, 2.5, 4)
    ]
    assert levels == sorted(levels), levels
    assert levels[-1] > 1.5 * levels[0]


@pytest.mark.ham10000
def test_niqe_rises_with_each_level_of_noise(real: tuple[Pristine, list[Image.Image]]) -> None:
    model, pictures = real
    levels = [_mean(model, pictures)]
    for sigma in (3, 6, 12, 20, 35):
        rng = np.random.default_rng(0)
        noisy = [np.asarray(p) + rng.normal(0, sigma, (*STORED, 3)) for p in pictures]
        levels.append(_mean(model, [Image.fromarray(n.clip(0, 255).astype(np.uint8)) for n in noisy]))
    assert levels == sorted(levels), levels
    assert levels[-1] > 1.5 * levels[0]
