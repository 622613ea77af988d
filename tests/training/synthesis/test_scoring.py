"""What generated pictures are compared with: halves that share no lesion, and pictures of one resolution."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.training.generated_pictures import write_generated
from training.commands.generating.tune import _square
from training.data.pictures import STORED, Pictures
from training.data.synthetic import Manifest
from training.synthesis.copies import Limits, Prints, is_copy, nearest, prints_of
from training.synthesis.judging import Seen
from training.synthesis.niqe import fit_pristine
from training.synthesis.score_report import build
from training.synthesis.scoring import Reference, at_one_size, distances_of, halves, reference, score

LESIONS = tuple(f"lesion-{i // 4}" for i in range(80))  # four photographs of each


@pytest.fixture(scope="module")
def real() -> Reference:
    dice = np.random.default_rng(0)
    embeddings = np.repeat(dice.normal(size=(20, 6)), 4, axis=0) + dice.normal(scale=0.01, size=(80, 6))
    prints = Prints(np.zeros((80, 576)), np.zeros((80, 63), bool), embeddings)
    names = tuple(f"photograph-{i}" for i in range(80))
    pristine = fit_pristine([dice.integers(0, 256, (64, 64, 3), dtype=np.uint8) for _ in range(3)], side=16)
    limits = Limits(0.0, 0.0, 0.0)
    return Reference(names, ("df",) * 80, LESIONS, prints, limits, pristine, np.ones(2), embeddings + 1, names)


def test_no_lesion_is_in_both_halves(real: Reference) -> None:
    one, other = halves("df", real, 0)
    assert sorted([*one, *other]) == list(range(80))
    assert len(one) == len(other) == 40
    assert not {LESIONS[row] for row in one} & {LESIONS[row] for row in other}


def test_a_photograph_is_not_compared_with_its_own_blur(real: Reference) -> None:
    ours = np.random.default_rng(1).normal(size=(30, 6))
    found = distances_of("df", ["df"] * 30, ours, real)
    one, _ = halves("df", real, 0)
    altered = real.blurred.copy()
    altered[one] = 1e6
    assert distances_of("df", ["df"] * 30, ours, replace(real, blurred=altered)) == found
    assert found.count == 30
    assert found.frechet.keys() == {"generated", "blurred", "halves"}
    assert found.generated is not None
    assert found.generated.deviation > 0


def test_the_lead_says_where_a_severe_blur_is_nearer(real: Reference) -> None:
    manifest = Manifest(Path(), ())
    near, far = (
        distances_of("df", ["df"] * 30, np.random.default_rng(1).normal(shift, size=(30, 6)), real) for shift in (0, 9)
    )
    assert "the pictures of df lie about as far" in build(manifest, [], real, [far], sheet=False).lead
    assert "lie about as far" not in build(manifest, [], real, [near], sheet=False).lead


def test_a_picture_is_measured_at_one_resolution(pictures: Pictures) -> None:
    stored = np.array(pictures.stored[0])
    for factor in (0.5, 2):
        other = cv2.resize(stored, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
        assert at_one_size(other).shape == (*STORED, 3)
    assert np.array_equal(at_one_size(stored), stored)


def test_niqe_does_not_ask_how_many_pixels_a_picture_has(pictures: Pictures, real: Reference, tmp_path: Path) -> None:
    stored = np.array(pictures.stored[0])
    large = cv2.resize(stored, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    seen = Seen(np.zeros((2, 6)), np.eye(7)[[0, 0]])
    made = score(write_generated(tmp_path, ["df", "df"]), [stored, large], seen, real)
    one, other = (image.scores["niqe"] for image in made.images)
    as_they_are = [real.pristine.niqe(image) for image in (stored, large)]
    assert abs(one - other) < 0.5 * abs(as_they_are[0] - as_they_are[1])


def test_a_copy_of_the_middle_that_tune_learns_from_is_found(real: Reference, tmp_path: Path) -> None:
    dice = np.random.default_rng(0)
    alike = dice.integers(60, 196, (6, 8, 3))  # what all photographs share, as lesions do
    coarse = [(alike + dice.integers(-20, 21, alike.shape)).astype(np.uint8) for _ in range(40)]
    photographs = [cv2.resize(image, (128, 96), interpolation=cv2.INTER_CUBIC) for image in coarse]
    names, blank = [f"photograph-{i}" for i in range(40)], np.zeros((40, 6))
    rest = {"pristine": real.pristine, "niqe": real.niqe, "blurred": blank, "blurred_images": names}
    known = reference(names, ["df"] * 40, names, photographs, blank, **rest, squares=True)
    Image.fromarray(photographs[7]).save(tmp_path / "photograph.png")
    copy = _square(tmp_path / "photograph.png", 96)
    seen = Seen(np.full((1, 6), 1e3), np.eye(7)[[0]])
    (found,) = score(write_generated(tmp_path, ["df"], generator="stable-diffusion-lora"), [copy], seen, known).images
    assert found.scores["copy"] == 1
    against_wholes = nearest(prints_of([copy], seen.embeddings), known.prints)
    assert not is_copy({way: apart for way, (apart, _) in against_wholes.items()}, known.limits).any()
    with pytest.raises(ValueError, match="middles of photographs"):
        score(write_generated(tmp_path, ["df"]), [copy], seen, replace(known, squares=None))
