"""A large JPEG is decoded at a fraction of its size; everything but the time and the memory stays as it was."""

import numpy as np
import pytest
from PIL import Image

from inference.bundle import Bundle
from inference.decoding import KEPT_FOR_ONE, decode, decode_for
from inference.predictor import Predictor
from inference.preprocessing import prepare
from tests.inference.pictures import encode, lesion

WIDTH, HEIGHT = 192, 144


def oriented(image: Image.Image, orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encode(image, exif=exif.tobytes())


@pytest.mark.parametrize(
    ("size", "read"),
    [
        ((600, 450), (600, 450)),  # HAM10000's
        ((767, 576), (767, 576)),
        ((768, 576), (384, 288)),
        ((768, 500), (768, 500)),  # its height would not do
        ((576, 768), (288, 384)),
        ((1601, 1199), (401, 300)),
        ((4000, 600), (2000, 300)),
        ((4000, 3000), (500, 375)),
    ],
)
def test_twice_the_networks_pixels_are_left(size: tuple[int, int], read: tuple[int, int]) -> None:
    decoded = decode_for(encode(lesion(*size)), WIDTH, HEIGHT)
    assert (decoded.image.size, decoded.size) == (read, size)
    assert min(max(read) / WIDTH, min(read) / HEIGHT) >= KEPT_FOR_ONE


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_other_formats_are_read_whole(kind: str) -> None:
    data = encode(lesion(800, 600), kind)
    assert decode_for(data, WIDTH, HEIGHT).image.tobytes() == decode(data).tobytes()


def test_a_picture_of_ham10000s_size_keeps_every_pixel() -> None:
    data = encode(lesion(600, 450))
    assert decode_for(data, WIDTH, HEIGHT).image.tobytes() == decode(data).tobytes()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("size", [(1603, 1201), (1201, 1603)])
def test_the_network_sees_the_same_place_of_a_turned_picture(
    bundle: Bundle, orientation: int, size: tuple[int, int]
) -> None:
    data = oriented(lesion(*size), orientation)
    spec = bundle.manifest.input
    whole, reduced = decode(data), decode_for(data, spec.width, spec.height)
    assert max(reduced.image.size) < max(whole.size) / 3
    expected, found = prepare(whole, spec), prepare(reduced.image, spec, reduced.size)
    assert found.geometry == expected.geometry
    assert np.abs(found.pixels.astype(int) - expected.pixels).mean() < 1


@pytest.mark.parametrize(("mode", "options"), [("L", {}), ("CMYK", {}), ("RGB", {"progressive": True})])
def test_every_kind_of_jpeg_is_reduced(bundle: Bundle, mode: str, options: dict[str, bool]) -> None:
    data = encode(lesion(1600, 1200).convert(mode), quality=95, **options)
    reduced = decode_for(data, WIDTH, HEIGHT)
    assert (reduced.image.mode, reduced.image.size, reduced.size) == ("RGB", (400, 300), (1600, 1200))
    spec = bundle.manifest.input
    expected, found = prepare(decode(data), spec), prepare(reduced.image, spec, reduced.size)
    assert np.abs(found.pixels.astype(int) - expected.pixels).mean() < 1


def test_a_phones_multi_picture_jpeg_is_reduced_too() -> None:
    second = Image.new("RGB", (320, 240), "blue")
    data = encode(lesion(1600, 1200), "MPO", save_all=True, append_images=[second], quality=95)
    reduced = decode_for(data, WIDTH, HEIGHT)
    assert (reduced.image.size, reduced.size) == ((400, 300), (1600, 1200))


def test_a_result_speaks_of_the_original(predictor: Predictor) -> None:
    data = encode(lesion(1600, 1200), quality=95)
    reduced, whole = predictor.predict(data), predictor.predict(decode(data))
    assert reduced.geometry == whole.geometry
    assert (reduced.geometry.width, reduced.geometry.height) == (1600, 1200)
    measured = ({item.name: item.value for item in one.quality.measurements} for one in (reduced, whole))
    ours, theirs = measured
    assert ours["resolution"] == theirs["resolution"] == 1600 / WIDTH
    assert reduced.quality.reasons == whole.quality.reasons
    for code, p in whole.probabilities.items():
        assert reduced.probabilities[code] == pytest.approx(p, abs=0.02)
