from collections.abc import Callable
from typing import get_args

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from inference.decoding import decode
from inference.errors import ImageRefused
from inference.metadata import Metadata
from inference.predictor import Predictor
from inference.superpixels import superpixels
from inference.surrogate_overlay import AGAINST, FOR, render_surrogate
from inference.surrogates import Method, Surrogate, explain_image, explain_pixels
from tests.inference.pictures import encode, lesion

METHODS: tuple[Method, ...] = get_args(Method)
KNOWN = Metadata(age=70, sex="male", localization="back")
TOYS = 40
SIDE = 10  # pixels of a planted patch, about one superpixel

Pixels = NDArray[np.uint8]


def toy(seed: int) -> tuple[Pixels, NDArray[np.bool_]]:
    """Skin with a brown disc, and somewhere, on it or off it, a blue patch."""
    rng = np.random.default_rng(seed)
    pixels = np.asarray(lesion(48, 36, seed=seed)).copy()
    top, left = rng.integers(0, 36 - SIDE), rng.integers(0, 48 - SIDE)
    patch = np.zeros((36, 48), bool)
    patch[top : top + SIDE, left : left + SIDE] = True
    pixels[patch] = (60, 80, 190)
    return pixels, patch


def answers_to(patch: NDArray[np.bool_], rng: np.random.Generator) -> Callable[[Pixels], float]:
    """A score that saturates with blue inside the patch, sees a little of all else, and is unsteady."""

    def score(pixels: Pixels) -> float:
        blue = (pixels[..., 2] > pixels[..., 0].astype(int) + 30)[patch].mean()
        return float(3 * np.tanh(2 * blue) + pixels.mean() / 255 + rng.normal(0, 0.1))

    return score


def explained(seed: int, method: Method) -> tuple[Surrogate, NDArray[np.bool_]]:
    pixels, patch = toy(seed)
    score = answers_to(patch, np.random.default_rng(seed))
    return explain_pixels(score, pixels, method=method, samples=64, count=24, seed=seed), patch


@pytest.mark.parametrize("method", METHODS)
def test_a_planted_patch_is_found(method: Method) -> None:
    found = 0
    for seed in range(TOYS):
        surrogate, patch = explained(seed, method)
        heaviest = surrogate.patches == int(np.argmax(surrogate.weights))
        found += heaviest[patch].sum() > 0.5 * heaviest.sum()
    assert found >= 0.95 * TOYS


@pytest.mark.parametrize("method", METHODS)
def test_r2_is_near_one_for_a_sum_of_patches_and_low_for_noise(method: Method) -> None:
    pixels, _ = toy(0)
    rng = np.random.default_rng(0)
    linear = explain_pixels(lambda seen: float(seen[..., 2].mean()), pixels, method=method)
    noise = explain_pixels(lambda _: float(rng.normal()), pixels, method=method)
    assert linear.r2 > 0.9
    assert noise.r2 < 0.5


def test_shap_of_a_sum_is_each_patchs_own_part() -> None:
    pixels, _ = toy(1)
    surrogate = explain_pixels(lambda seen: float(seen[..., 0].sum() / 1000), pixels, method="shap")
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    gain = pixels[..., 0] - np.floor(np.median(edge[:, 0]))
    own = [gain[surrogate.patches == k].sum() / 1000 for k in range(len(surrogate.weights))]
    np.testing.assert_allclose(surrogate.weights, own, atol=1e-3)


@pytest.mark.parametrize("seed", range(5))
def test_shap_sums_to_the_whole_difference(seed: int) -> None:
    surrogate, _ = explained(seed, "shap")
    assert sum(surrogate.weights) == pytest.approx(surrogate.score - surrogate.hidden_score, abs=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_equal_seeds_explain_alike_and_others_otherwise(method: Method) -> None:
    pixels, _ = toy(2)

    def weights(seed: int) -> tuple[float, ...]:
        return explain_pixels(lambda seen: float(np.tanh(seen.mean() - 150)), pixels, method=method, seed=seed).weights

    assert weights(3) == weights(3) != weights(4)


@pytest.mark.parametrize("method", METHODS)
def test_a_score_that_no_patch_moves_has_no_weights(method: Method) -> None:
    surrogate = explain_pixels(lambda _: 4.0, toy(0)[0], method=method)
    assert max(np.abs(surrogate.weights)) < 1e-6
    assert (surrogate.score, surrogate.hidden_score, surrogate.r2) == (4, 4, 1)


@pytest.mark.parametrize("method", METHODS)
def test_the_network_is_asked_about_a_class(predictor: Predictor, method: Method) -> None:
    data, steps = encode(lesion(1600, 1200), quality=60), []  # a JPEG that is decoded at a quarter of its size
    result = predictor.predict(data, KNOWN)
    told = explain_image(
        predictor, data, KNOWN, method=method, code="mel", samples=100, progress=lambda *step: steps.append(step)
    )
    assert told.surrogate.score == pytest.approx(result.logits["mel"], abs=1e-6)
    assert result.logits["mel"] != predictor.predict(decode(data), KNOWN).logits["mel"]
    assert steps == [(done, 100) for done in range(1, 101)]
    assert (told.method, told.code, told.samples, told.geometry) == (method, "mel", 100, result.geometry)
    assert told.surrogate.patches.shape == (144, 192)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"method": "magic"}, "method: 'magic' is not one of lime, shap"),
        ({"code": "melanoma"}, "diagnosis: 'melanoma' is not one of akiec"),
        ({"samples": 60}, "samples: 60 are too few for 48 patches; ask for 96 or more"),
    ],
)
def test_what_cannot_be_explained_is_said(predictor: Predictor, wrong: dict[str, object], sentence: str) -> None:
    asked: dict[str, object] = {"method": "lime", "code": "mel", **wrong}
    with pytest.raises(ValueError, match=sentence):
        explain_image(predictor, encode(lesion()), **asked)  # type: ignore[arg-type]


def test_no_picture_has_no_explanation(predictor: Predictor) -> None:
    with pytest.raises(ImageRefused):
        explain_image(predictor, b"text", method="lime", code="mel")


@pytest.mark.parametrize("count", [2, 7, 48, 255])
def test_superpixels_number_what_was_asked_and_leave_no_gap(count: int) -> None:
    patches = superpixels(np.asarray(lesion(100, 75)), count)
    assert (patches.shape, patches.dtype) == ((75, 100), np.uint8)
    numbers = np.unique(patches)
    np.testing.assert_array_equal(numbers, np.arange(len(numbers)))
    assert 0.7 * count <= len(numbers) <= count


def test_superpixels_follow_an_edge_that_a_grid_would_cross() -> None:
    pixels = np.full((72, 96, 3), 200, np.uint8)
    pixels[:, 41:] = 40
    patches = superpixels(pixels)
    assert not set(np.unique(patches[:, :41])) & set(np.unique(patches[:, 41:]))


@pytest.mark.parametrize("count", [1, 256])
def test_superpixels_beyond_their_range_are_refused(count: int) -> None:
    with pytest.raises(ValueError, match=f"superpixels: {count} is not between 2 and 255"):
        superpixels(np.zeros((72, 96, 3), np.uint8), count)


def test_the_overlay_says_for_and_against_in_its_place(predictor: Predictor) -> None:
    geometry = predictor.predict(lesion()).geometry
    patches = np.zeros((144, 192), np.uint8)
    patches[:, 96:] = 1
    image = render_surrogate(patches, (2.0, -1.0), geometry)
    assert image.size == (200, 150)
    assert image.getpixel((40, 75)) == (*FOR, 255)
    assert image.getpixel((160, 75)) == (*AGAINST, 128)
    assert render_surrogate(patches, (0.0, 0.0), geometry).getextrema()[3] == (0, 0)


def test_the_overlay_of_a_portrait_lies_on_the_portrait(predictor: Predictor) -> None:
    portrait = lesion().transpose(Image.Transpose.ROTATE_270)
    geometry = predictor.predict(portrait).geometry
    patches = np.zeros((144, 192), np.uint8)
    patches[:, 96:] = 1  # the right half of the turned picture: the top or the bottom of this one
    image = render_surrogate(patches, (0.0, 1.0), geometry)
    assert image.size == portrait.size
    alpha = np.asarray(image)[..., 3]
    assert {alpha[20, 75], alpha[180, 75]} == {0, 255}
