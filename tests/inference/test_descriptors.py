from collections.abc import Callable
from dataclasses import astuple, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from inference.descriptors import COLOURS, Descriptors, colour_shares, describe, pixels_along
from inference.metadata import Metadata
from inference.predictor import Predictor
from inference.preprocessing import Geometry
from tests.inference.pictures import encode, lesion

Mask = NDArray[np.bool_]
Pixels = NDArray[np.uint8]


def shape(*points: tuple[float, float]) -> Mask:
    image = Image.new("1", (192, 144))
    ImageDraw.Draw(image).polygon(points, fill=1)
    return np.asarray(image)


def disc(radius: float = 40) -> Mask:
    y, x = np.mgrid[:144, :192]
    return np.asarray(np.hypot(x - 95.5, y - 71.5) < radius)


def blotched(mask: Mask, seed: int = 0) -> Pixels:
    """Skin, and in the mask patches of some of the six colours."""
    rng = np.random.default_rng(seed)
    patches = rng.choice(len(COLOURS), (9, 12), p=(0.02, 0.1, 0.4, 0.3, 0.08, 0.1))
    painted = np.array(list(COLOURS.values()))[np.kron(patches, np.ones((16, 16), int))]
    pixels = np.where(mask[..., np.newaxis], painted, (205, 160, 140)) + rng.normal(0, 5, (144, 192, 1))
    return np.asarray(pixels.clip(0, 255), np.uint8)


def found(pixels: Pixels, mask: Mask, scale: float | None = 0.1) -> Descriptors:
    described = describe(pixels, mask, millimetres_per_pixel=scale)
    assert described is not None
    return described


def of_shape(mask: Mask) -> Descriptors:
    return found(np.full((*mask.shape, 3), 128, np.uint8), mask)


LOPSIDED = shape((40, 30), (150, 40), (120, 70), (140, 110), (90, 90), (60, 120))


@pytest.mark.parametrize("turns", [1, 2, 3])
@pytest.mark.parametrize("mask", [disc(), LOPSIDED, shape((20, 60), (170, 60), (170, 90), (20, 90))])
def test_turning_by_90_degrees_changes_nothing_by_more_than_2_percent(mask: Mask, turns: int) -> None:
    pixels = blotched(mask)
    upright = found(pixels, mask)
    turned = found(np.rot90(pixels, turns), np.rot90(mask, turns))
    assert astuple(turned) == pytest.approx(astuple(upright), rel=0.02, abs=1e-9)


OUTLINES: dict[str, Callable[[Any], Any]] = {  # the radius at an angle
    "disc": lambda a: 40 + 0 * a,
    "four lobes": lambda a: 40 * (1 + 0.3 * np.cos(4 * a)),
    "three lobes": lambda a: 40 * (1 + 0.3 * np.cos(3 * a)),
    "ellipse": lambda a: 1 / np.hypot(np.cos(a) / 60, np.sin(a) / 25),
    "lopsided": lambda a: 40 * (1 + 0.3 * np.cos(a) + 0.2 * np.cos(2 * a + 1) + 0.15 * np.sin(3 * a)),
    "small and lopsided": lambda a: 20 * (1 + 0.3 * np.cos(a) + 0.2 * np.cos(2 * a + 1) + 0.15 * np.sin(3 * a)),
}


def outlined(name: str, degrees: float) -> Mask:
    angles = np.linspace(0, 2 * np.pi, 720, endpoint=False)
    reach, turned = OUTLINES[name](angles), angles + np.deg2rad(degrees)
    return shape(*zip(96 + reach * np.cos(turned), 72 + reach * np.sin(turned), strict=True))


@pytest.mark.parametrize("name", OUTLINES)
def test_asymmetry_does_not_depend_on_how_the_camera_was_held(name: str) -> None:
    """A turned outline is drawn from other pixels: that much, and no more, may differ."""
    upright = of_shape(outlined(name, 0)).asymmetry
    for degrees in range(10, 90, 10):
        mask = outlined(name, degrees)
        assert of_shape(mask).asymmetry == pytest.approx(upright, abs=0.015)
        assert of_shape(np.rot90(mask)).asymmetry == pytest.approx(of_shape(mask).asymmetry, rel=0.02, abs=1e-9)


def test_the_pair_of_axes_that_misses_least_is_taken() -> None:
    assert of_shape(outlined("four lobes", 20)).asymmetry < 0.02
    assert of_shape(outlined("ellipse", 33)).asymmetry < 0.02
    assert of_shape(outlined("three lobes", 20)).asymmetry > 0.15  # one axis of a pair always misses
    assert of_shape(outlined("lopsided", 20)).asymmetry > 0.1


def test_a_disc_is_symmetric_with_an_even_border() -> None:
    even = of_shape(disc())
    assert even.asymmetry < 0.02
    assert even.border == pytest.approx(1, abs=0.03)
    assert even.diameter_mm == pytest.approx(8, rel=0.02)
    assert even.area_share == pytest.approx(np.pi * 40**2 / (144 * 192), rel=0.01)


def test_a_half_disc_is_less_symmetric_and_a_star_more_ragged() -> None:
    half = disc()
    half[72:] = False
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    reach = np.where(np.arange(24) % 2, 25, 60)
    star = shape(*zip(96 + reach * np.cos(angles), 72 + reach * np.sin(angles), strict=True))
    assert of_shape(half).asymmetry > of_shape(disc()).asymmetry + 0.05
    assert of_shape(LOPSIDED).asymmetry > 0.1
    assert of_shape(star).border > 2


def test_colours_are_counted_from_a_twentieth_of_the_lesion() -> None:
    mask = disc()
    pixels = np.full((144, 192, 3), COLOURS["dark brown"], np.uint8)
    assert found(pixels, mask).colours == 1
    rows = np.flatnonzero(mask.any(axis=1))
    pixels[: rows[25]] = COLOURS["black"]
    assert found(pixels, mask).colours == 2
    pixels[rows[-2] :] = COLOURS["red"]  # too little to count
    assert found(pixels, mask).colours == 2


def test_each_of_the_six_colours_is_nearest_to_itself() -> None:
    shares = colour_shares(np.array(list(COLOURS.values()), np.uint8))
    np.testing.assert_allclose(shares, 1 / 6)


def test_texture_is_the_mean_step_inside_and_ignores_the_outline() -> None:
    mask = disc()
    flat = np.where(mask[..., np.newaxis], np.uint8(60), np.uint8(200)) * np.ones(3, np.uint8)
    assert found(flat, mask).texture == 0
    board = (np.indices((144, 192)).sum(axis=0) % 2 * 10 + 60)[..., np.newaxis] * np.ones(3, int)
    assert found(board.astype(np.uint8), mask).texture == pytest.approx(10)


def test_a_handful_of_pixels_has_no_shape() -> None:
    assert describe(np.zeros((144, 192, 3), np.uint8), disc(3)) is None


def test_a_diameter_is_told_in_pixels_of_the_original() -> None:
    geometry = Geometry(800, 600, turned=False, box=(100, 75, 700, 525))
    ratio = pixels_along(geometry, 192)
    assert ratio == pytest.approx(600 / 192)
    seen = found(blotched(disc()), disc()).diameter_px
    original = describe(blotched(disc()), disc(), pixel_ratio=ratio, millimetres_per_pixel=0.02)
    assert original is not None
    assert original.diameter_px == pytest.approx(seen * 600 / 192)
    assert original.diameter_mm == pytest.approx(0.02 * original.diameter_px)


@pytest.mark.parametrize("turns", range(4))
def test_an_outline_that_is_cut_off_is_told(turns: int) -> None:
    mask = np.zeros((144, 192), bool)
    mask[1:60, 60:120] = True
    assert not of_shape(np.rot90(mask, turns)).touches_edge
    mask[0, 80] = True
    assert of_shape(np.rot90(mask, turns)).touches_edge


def test_a_scale_is_above_zero() -> None:
    with pytest.raises(ValueError, match="millimetres_per_pixel: -1 is not a number above zero"):
        found(blotched(disc()), disc(), scale=-1)


def test_a_result_measures_the_lesion_in_millimetres_when_the_scale_is_known(predictor: Predictor) -> None:
    data = encode(lesion(800, 600))
    with_scale = predictor.predict(data, Metadata(), millimetres_per_pixel=0.02).descriptors
    without = predictor.predict(data).descriptors
    assert with_scale is not None
    assert without is not None
    assert without.diameter_mm is None
    assert replace(with_scale, diameter_mm=None) == without
    half = predictor.predict(lesion(800, 600).resize((400, 300)), millimetres_per_pixel=0.04).descriptors
    assert half is not None
    assert half.diameter_mm == pytest.approx(with_scale.diameter_mm, rel=0.1)
    assert half.diameter_px == pytest.approx(with_scale.diameter_px / 2, rel=0.1)


def test_a_portrait_turned_back_is_measured_alike(predictor: Predictor) -> None:
    """The runtime turns portraits, so one of the two quarter turns gives the network the same pixels."""
    upright = predictor.predict(lesion())
    portrait = predictor.predict(Image.fromarray(np.rot90(np.asarray(lesion()), -1).copy()))
    assert portrait.descriptors == upright.descriptors is not None
    np.testing.assert_array_equal(portrait.lesion_pixels, upright.lesion_pixels)
