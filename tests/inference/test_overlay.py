import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from inference.bundle import Bundle, write_bundle
from inference.overlay import blend, heat_on_original, inferno, overlay_png, render_overlay
from inference.predictor import Predictor
from inference.preprocessing import Geometry, prepare
from inference.vocabulary import DIAGNOSES
from tests.bundles import CHANNELS, tiny_head, tiny_manifest, tiny_model
from tests.inference.pictures import encode, oriented, spot


def centre_of_heat(image: Image.Image) -> tuple[float, float]:
    """(x, y) as shares of width and height."""
    levels = np.asarray(image, float)
    rows, columns = np.indices(levels.shape) + 0.5
    total = levels.sum()
    return (levels * columns).sum() / total / levels.shape[1], (levels * rows).sum() / total / levels.shape[0]


def brightness_grid(image: Image.Image, bundle: Bundle) -> tuple[np.ndarray[Any, np.dtype[np.uint8]], Geometry]:
    """What a perfect network would see of a spot: the mean of each cell."""
    prepared = prepare(image, bundle.manifest.input)
    cells = prepared.pixels[:, :, 0].reshape(9, 16, 12, 16).mean(axis=(1, 3))
    return cells.round().astype(np.uint8), prepared.geometry


@pytest.mark.parametrize(
    ("size", "place"),
    [
        ((800, 600), (0.25, 0.7)),
        ((600, 800), (0.25, 0.7)),  # portrait: turned and turned back
        ((600, 800), (0.8, 0.15)),
        ((1600, 900), (0.75, 0.3)),  # sides cropped
        ((900, 1600), (0.4, 0.3)),  # portrait, top and bottom cropped
        ((700, 700), (0.3, 0.35)),
    ],
)
def test_a_spot_comes_back_to_its_place(size: tuple[int, int], place: tuple[float, float], bundle: Bundle) -> None:
    image = spot(*size, size[0] * place[0], size[1] * place[1], radius=45)
    grid, geometry = brightness_grid(image, bundle)
    heat = heat_on_original(grid, geometry)
    assert heat.width / heat.height == pytest.approx(size[0] / size[1], rel=0.01)
    assert centre_of_heat(heat) == pytest.approx(place, abs=0.02)


def test_the_whole_way_from_bytes_finds_the_spot(tmp_path: Path) -> None:
    """A network whose melanoma row reads brightness alone: its heat must lie on the spot, EXIF turn included."""
    rng = np.random.default_rng(0)
    model, head = tiny_model(rng), tiny_head(rng)
    head.W[DIAGNOSES.index("mel")] = np.eye(CHANNELS, dtype=np.float32)[0]
    manifest = tiny_manifest(model, head)
    predictor = Predictor(write_bundle(tmp_path / "b", manifest=manifest, model=model, head=head, card="# A\n"))
    upright = spot(450, 600, 110, 470, radius=60)
    result = predictor.predict(oriented(upright.transpose(Image.Transpose.ROTATE_90), 6))
    assert (result.geometry.width, result.geometry.height) == (450, 600)
    heat = heat_on_original(result.heatmap("mel"), result.geometry)
    assert heat.size == (450, 600)
    half_a_cell = 0.5 / 9
    assert centre_of_heat(heat) == pytest.approx((110 / 450, 470 / 600), abs=half_a_cell)


def test_where_the_network_did_not_look_there_is_no_heat() -> None:
    hot = np.full((9, 12), 255, np.uint8)
    heat = np.asarray(heat_on_original(hot, Geometry(1600, 900, turned=False, box=(200, 0, 1400, 900)), max_side=1600))
    assert heat[:, :200].max() == 0
    assert heat[:, 200:1400].min() == 255
    assert heat[:, 1400:].max() == 0


def test_large_originals_get_a_smaller_overlay_of_the_same_shape() -> None:
    geometry = Geometry(6000, 4000, turned=False, box=(333, 0, 5666, 4000))
    assert heat_on_original(np.zeros((9, 12), np.uint8), geometry).size == (1024, 683)
    assert heat_on_original(np.zeros((9, 12), np.uint8), geometry, max_side=300).size == (300, 200)


def test_colours_are_inferno_and_grow_brighter() -> None:
    colours = inferno(np.arange(256, dtype=np.uint8))
    assert colours[0].tolist() == [0, 0, 4]
    assert colours[-1].tolist() == [252, 255, 164]
    luma = colours @ np.array([0.299, 0.587, 0.114])
    assert (np.diff(luma) >= -0.5).all()


def test_the_png_is_the_more_opaque_the_hotter() -> None:
    grid = np.zeros((9, 12), np.uint8)
    grid[4, 6] = 255
    geometry = Geometry(192, 144, turned=False, box=(0, 0, 192, 144))
    with Image.open(io.BytesIO(overlay_png(grid, geometry))) as image:
        assert (image.mode, image.size) == ("RGBA", (192, 144))
        alpha = np.asarray(image.getchannel("A"))
    np.testing.assert_array_equal(alpha, np.asarray(heat_on_original(grid, geometry)))
    assert alpha[72, 104] > 200
    assert alpha[5, 5] == 0


def test_a_blend_leaves_cold_places_as_they_are() -> None:
    image = Image.new("RGB", (400, 300), (10, 200, 30))
    grid = np.zeros((9, 12), np.uint8)
    grid[:, 6:] = 255
    overlay = render_overlay(grid, Geometry(400, 300, turned=False, box=(0, 0, 400, 300)), max_side=200)
    blended = blend(image, overlay, opacity=1.0)
    assert blended.size == image.size
    assert blended.getpixel((20, 150)) == (10, 200, 30)
    assert blended.getpixel((380, 150)) == (252, 255, 164)
    assert encode(blend(image, overlay, opacity=0.0), "PNG") == encode(image, "PNG")
