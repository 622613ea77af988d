import io
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, PngImagePlugin

from inference.decoding import decode, perceptual_hash, reencode_clean
from inference.errors import ImageRefused
from tests.inference.pictures import encode, lesion, mutate, oriented

CANARY = b"Jane Canary 1961"


def with_everything(kind: str) -> bytes:
    """A picture that carries a canary in every place that its format has for words."""
    exif = Image.Exif()
    exif[0x010E] = CANARY.decode()
    exif.get_ifd(0x8825)[29] = CANARY.decode()
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes() + CANARY
    options: dict[str, Any] = {"exif": exif, "icc_profile": profile, "xmp": b"<x>" + CANARY + b"</x>"}
    if kind == "JPEG":
        options["comment"] = CANARY
    if kind == "PNG":
        del options["xmp"]
        options["pnginfo"] = PngImagePlugin.PngInfo()
        options["pnginfo"].add_text("Author", CANARY.decode())
        options["pnginfo"].add_itxt("XML:com.adobe.xmp", CANARY.decode())
    return encode(lesion(), kind, **options) + CANARY


@pytest.mark.parametrize(("kind", "clean_kind"), [("JPEG", "JPEG"), ("PNG", "PNG"), ("WEBP", "JPEG")])
def test_nothing_but_pixels_survives(kind: str, clean_kind: str) -> None:
    data = with_everything(kind)
    assert CANARY in data
    clean = reencode_clean(data)
    assert (clean.format, clean.width, clean.height) == (clean_kind, 200, 150)
    with Image.open(io.BytesIO(clean.bytes)) as image:
        assert image.format == clean_kind
        assert not image.getexif()
        assert not set(image.info) - {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    for trace in (CANARY, b"Exif", b"ICC", b"iCCP", b"tEXt", b"iTXt", b"xmp"):
        assert trace not in clean.bytes


def test_lossless_pictures_keep_every_pixel() -> None:
    for kind in ("PNG", "WEBP"):
        clean = reencode_clean(encode(lesion(), kind, lossless=True))
        assert clean.format == "PNG"
        np.testing.assert_array_equal(np.asarray(decode(clean.bytes)), np.asarray(lesion()))


def test_a_clean_jpeg_keeps_full_colour_resolution_and_its_look() -> None:
    source = encode(lesion(), quality=90)
    clean = reencode_clean(source)
    with Image.open(io.BytesIO(clean.bytes)) as image:
        assert [sampling[1:3] for sampling in image.layer] == [(1, 1)] * 3  # type: ignore[attr-defined]
    difference = np.asarray(decode(clean.bytes), int) - np.asarray(decode(source), int)
    assert np.abs(difference).mean() < 2


def test_a_clean_picture_is_upright_for_good() -> None:
    clean = reencode_clean(oriented(lesion(), 6))
    assert (clean.width, clean.height) == decode(clean.bytes).size == (150, 200)


def test_cleaning_twice_gives_the_same_bytes() -> None:
    data = encode(lesion(), "PNG")
    assert reencode_clean(data) == reencode_clean(data)
    assert reencode_clean(reencode_clean(data).bytes) == reencode_clean(data)


def distance(first: str, second: str) -> int:
    return (int(first, 16) ^ int(second, 16)).bit_count()


def test_near_duplicates_have_near_hashes() -> None:
    image = lesion(600, 450)
    own = perceptual_hash(image)
    assert len(own) == 16
    again = decode(encode(image.resize((300, 225)), quality=60))
    assert distance(own, perceptual_hash(again)) <= 6
    other = Image.radial_gradient("L").resize((600, 450)).crop((300, 0, 600, 225))
    assert distance(own, perceptual_hash(other)) >= 16


def test_the_hash_reads_brightness_from_left_to_right() -> None:
    slope = Image.linear_gradient("L").rotate(90)
    assert {perceptual_hash(slope), perceptual_hash(slope.rotate(180))} == {"0" * 16, "f" * 16}


SEEDS = (
    *(encode(lesion(96, 72), kind) for kind in ("JPEG", "PNG", "WEBP")),
    oriented(lesion(96, 72), 6),
    encode(lesion(96, 72), progressive=True),
    encode(lesion(96, 72).quantize(16), "PNG"),
    with_everything("PNG"),
)


@settings(max_examples=400, deadline=5000, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(SEEDS), st.integers(0, 2**32))
def test_mutated_files_are_read_or_refused_and_nothing_else(data: bytes, seed: int) -> None:
    mutated = mutate(data, seed)
    try:
        clean = reencode_clean(mutated)
    except ImageRefused:
        return
    assert CANARY not in clean.bytes
    assert decode(clean.bytes).size == (clean.width, clean.height)


@settings(max_examples=100, deadline=None)
@given(
    st.binary(max_size=300), st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\x40\x00\x00\x00WEBP"])
)
def test_arbitrary_bytes_are_refused(data: bytes, start: bytes) -> None:
    with pytest.raises(ImageRefused):
        decode(start + data)
