import numpy as np
import pytest
from PIL import Image

from inference.bundle import Bundle
from inference.manifest import InputSpec
from inference.preprocessing import Geometry, prepare, to_tensor
from tests.inference.pictures import lesion, spot

SPEC = InputSpec(144, 192, (0.7, 0.5, 0.4), (0.2, 0.1, 0.3), "bilinear", ("dermoscopic",))


def test_a_picture_of_the_inputs_size_passes_untouched() -> None:
    image = lesion(192, 144)
    prepared = prepare(image, SPEC)
    np.testing.assert_array_equal(prepared.pixels, np.asarray(image))
    assert prepared.geometry == Geometry(192, 144, turned=False, box=(0, 0, 192, 144))


def test_the_tensor_is_standardised_by_the_bundles_constants() -> None:
    pixels = np.zeros((144, 192, 3), np.uint8)
    pixels[0, 1] = (255, 51, 102)
    tensor = to_tensor(pixels, SPEC)
    assert (tensor.shape, tensor.dtype) == ((1, 3, 144, 192), np.float32)
    np.testing.assert_allclose(tensor[0, :, 0, 1], [1.5, -3.0, 0.0], atol=1e-6)
    np.testing.assert_allclose(tensor[0, :, 5, 5], [-3.5, -5.0, -4 / 3], atol=1e-6)


@pytest.mark.parametrize(
    ("size", "turned", "box", "kept"),
    [
        ((200, 150), False, (0, 0, 200, 150), 1.0),
        ((150, 200), True, (0, 0, 200, 150), 1.0),
        ((300, 300), False, (0, 37.5, 300, 262.5), 0.75),
        ((1600, 900), False, (200, 0, 1400, 900), 0.75),
        ((900, 1600), True, (200, 0, 1400, 900), 0.75),
        ((400, 100), False, (400 / 3, 0, 800 / 3, 100), 1 / 3),
    ],
)
def test_portraits_are_turned_and_the_centre_is_kept(
    size: tuple[int, int], turned: bool, box: tuple[float, ...], kept: float
) -> None:
    geometry = prepare(Image.new("RGB", size), SPEC).geometry
    assert (geometry.width, geometry.height, geometry.turned) == (*size, turned)
    assert geometry.box == pytest.approx(box)
    assert geometry.kept_share == pytest.approx(kept)


def test_shrinking_averages_instead_of_skipping() -> None:
    stripes = np.zeros((1440, 1920, 3), np.uint8)
    stripes[:, ::2] = 255
    pixels = prepare(Image.fromarray(stripes), SPEC).pixels
    assert pixels.min() > 120
    assert pixels.max() < 135


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic", "lanczos"])
def test_a_spot_keeps_its_place_in_the_input(interpolation: str) -> None:
    spec = InputSpec(144, 192, SPEC.mean, SPEC.std, interpolation, SPEC.image_types)
    pixels = prepare(spot(1600, 900, 1250, 200, radius=60), spec).pixels[:, :, 0].astype(float)
    rows, columns = np.indices(pixels.shape) + 0.5
    assert (pixels * columns).sum() / pixels.sum() == pytest.approx((1250 - 200) / 1200 * 192, abs=0.5)
    assert (pixels * rows).sum() / pixels.sum() == pytest.approx(200 / 900 * 144, abs=0.5)


def test_the_constants_come_from_the_bundle(bundle: Bundle) -> None:
    spec = bundle.manifest.input
    assert (spec.height, spec.width, spec.interpolation) == (144, 192, "bilinear")
