import io
import struct
import time
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image

from inference import decoding
from inference.decoding import MAX_BYTES, decode, normalise, reencode_clean
from inference.errors import ImageRefused
from tests.inference.pictures import SKIN, encode, lesion, oriented


def code_of(data: bytes) -> str:
    with pytest.raises(ImageRefused) as caught:
        decode(data)
    assert str(caught.value).endswith(".")
    return caught.value.code


def png_claiming(width: int, height: int) -> bytes:
    """A PNG whose header lies about its size."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\x00" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def jpeg_claiming(width: int, height: int) -> bytes:
    data = bytearray(encode(lesion()))
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def webp_claiming(width: int, height: int) -> bytes:
    canvas = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBP" + b"VP8X" + struct.pack("<I", 10) + b"\x00" * 4 + canvas
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_the_three_formats_are_read(kind: str) -> None:
    image = decode(encode(lesion(), kind, lossless=True, quality=95))
    assert (image.mode, image.size) == ("RGB", (200, 150))
    assert np.abs(np.asarray(image, int) - np.asarray(lesion(), int)).mean() < 6


def test_an_empty_file_is_refused() -> None:
    assert code_of(b"") == "empty"


def test_the_length_is_checked_before_anything_is_read() -> None:
    whole = encode(lesion())
    assert code_of(whole + b"\x00" * (MAX_BYTES + 1 - len(whole))) == "too_large_bytes"
    assert decode(whole + b"\x00" * (MAX_BYTES - len(whole))).size == (200, 150)


@pytest.mark.parametrize(
    "data", [b"hello, I am a .jpg", b"\x00" * 500, b"MZ\x90\x00", b"<html></html>", b"R", b"\xff\xd8"]
)
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    assert code_of(data) == "not_an_image"


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "ICO", "JPEG2000", "PDF"])
def test_other_formats_are_named(kind: str) -> None:
    data = encode(lesion(), kind)
    with pytest.raises(ImageRefused, match="send JPEG, PNG or WebP") as caught:
        decode(data)
    assert caught.value.code == "unsupported_format"
    assert caught.value.args[0].startswith(f"This is a {kind.replace('G2', 'G 2')} file")


@pytest.mark.parametrize(
    "data",
    [
        b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
        b"\x00" * 128 + b"DICM" + b"\x00" * 50,
        b"\x00\x00\x00\x18ftypheic" + b"\x00" * 50,
    ],
)
def test_documents_that_hold_pictures_are_told_apart(data: bytes) -> None:
    assert code_of(data) == "unsupported_format"


@pytest.mark.parametrize(
    "data",
    [jpeg_claiming(65535, 65535), png_claiming(65535, 65535), webp_claiming(16383, 16383), png_claiming(2**31, 1)],
)
def test_a_header_that_claims_billions_of_pixels_costs_nothing(data: bytes) -> None:
    tracemalloc.start()
    started = time.process_time()
    assert code_of(data) == "too_many_pixels"
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()
    assert time.process_time() - started < 1


def test_fifty_million_pixels_are_the_limit() -> None:
    assert code_of(png_claiming(10_000, 5_001)) == "too_many_pixels"
    assert code_of(png_claiming(5_000, 2_000)) in {"truncated", "not_an_image"}


@pytest.mark.parametrize("size", [(63, 200), (200, 63), (1, 1)])
def test_a_thumbnail_is_refused(size: tuple[int, int]) -> None:
    assert code_of(encode(Image.new("RGB", size), "PNG")) == "too_small"
    assert code_of(png_claiming(0, 0)) == "too_small"


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_an_animation_is_refused(kind: str) -> None:
    frames = [lesion(seed=1), lesion(seed=2)]
    assert code_of(encode(frames[0], kind, save_all=True, append_images=frames[1:])) == "animated"


def test_a_phones_multi_picture_jpeg_gives_its_first_picture() -> None:
    first, second = lesion(seed=1), Image.new("RGB", (320, 240), "blue")
    data = encode(first, "MPO", save_all=True, append_images=[second], quality=95)
    assert decode(data).size == (200, 150)
    assert b"MPF" not in reencode_clean(data).bytes


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.99])
def test_a_cut_file_is_truncated(kind: str, share: float) -> None:
    data = encode(lesion(), kind)
    assert code_of(data[: int(len(data) * share)]) == "truncated"


@pytest.mark.parametrize(("kind", "lost"), [("JPEG", 1), ("JPEG", 2), ("PNG", 12), ("WEBP", 1)])
def test_a_missing_last_byte_is_noticed(kind: str, lost: int) -> None:
    assert code_of(encode(lesion(), kind)[:-lost]) == "truncated"


def test_a_cut_file_with_a_thumbnail_in_its_exif_is_still_truncated() -> None:
    thumbnail = encode(lesion(64, 64))
    segment = b"\xff\xe1" + struct.pack(">H", len(thumbnail) + 2) + thumbnail
    whole = encode(lesion())
    data = whole[:2] + segment + whole[2:]
    assert decode(data).size == (200, 150)
    assert code_of(data[:-200]) == "truncated"


def test_what_follows_the_picture_does_not_matter() -> None:
    film = b"\x00\x02" + b"\xff\xda\x00\x02" * 200 + np.random.default_rng(0).bytes(300_000)
    assert decode(encode(lesion()) + film).size == (200, 150)


def test_a_jpeg_of_a_thousand_scans_is_refused() -> None:
    data = encode(lesion(), progressive=True)
    scan = data.rindex(b"\xff\xda")
    assert code_of(data[:-2] + data[scan:-2] * 1000 + data[-2:]) == "unsupported_format"
    assert decode(data).size == (200, 150)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_picture_stands_upright(orientation: int) -> None:
    image = Image.new("RGB", (200, 150), SKIN)
    image.paste("red", (0, 0, 50, 40))  # as the sensor saw it
    corners = {1: "tl", 2: "tr", 3: "br", 4: "bl", 5: "tl", 6: "tr", 7: "br", 8: "bl"}
    upright = decode(oriented(image, orientation))
    assert upright.size == ((200, 150) if orientation < 5 else (150, 200))
    right, bottom = upright.width - 10, upright.height - 10
    places = {"tl": (10, 10), "tr": (right, 10), "bl": (10, bottom), "br": (right, bottom)}
    red = [name for name, place in places.items() if upright.getpixel(place)[1] < 60]  # type: ignore[index]
    assert red == [corners[orientation]]
    assert upright.getexif().get(0x0112) is None


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_a_broken_exif_block_is_ignored() -> None:
    whole = encode(lesion())
    segment = b"Exif\x00\x00II*\x00\xff\xff\xff\xff" + b"\x99" * 40
    data = whole[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + whole[2:]
    assert decode(data).size == (200, 150)


@pytest.mark.parametrize(
    ("mode", "kind"), [("L", "JPEG"), ("CMYK", "JPEG"), ("P", "PNG"), ("L", "PNG"), ("LA", "PNG"), ("1", "PNG")]
)
def test_other_pixel_modes_become_rgb(mode: str, kind: str) -> None:
    source = lesion().convert(mode)
    image = decode(encode(source, kind, quality=95))
    assert image.mode == "RGB"
    difference = np.asarray(image, int) - np.asarray(source.convert("RGB"), int)
    assert np.abs(difference).mean() < 6


def test_sixteen_bits_are_scaled_and_not_clipped() -> None:
    levels = np.linspace(0, 65535, 200 * 150).reshape(150, 200).astype(np.uint16)
    image = np.asarray(decode(encode(Image.fromarray(levels), "PNG")))
    np.testing.assert_array_equal(image[:, :, 0], levels >> 8)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_transparency_is_laid_on_white(mode: str) -> None:
    image = lesion().convert("RGBA")
    image.putalpha(Image.new("L", image.size, 0))
    buffer = encode(image.convert(mode) if mode != "PA" else image.quantize(16), "PNG")
    if mode != "PA":
        assert np.asarray(decode(buffer)).min() == 255
    else:
        assert decode(buffer).mode == "RGB"


def test_a_mode_without_agreed_meaning_is_refused() -> None:
    with pytest.raises(ImageRefused, match="mode F"):
        normalise(Image.new("F", (200, 150)))


def test_an_opened_picture_is_not_changed() -> None:
    image = lesion()
    image.info["comment"] = "mine"
    copy = normalise(image)
    copy.paste("black", (0, 0, 200, 150))
    assert image.info == {"comment": "mine"}
    assert np.asarray(image).any()


def test_a_picture_that_grows_when_cleaned_still_fits_what_is_read_later(monkeypatch: pytest.MonkeyPatch) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (400, 600, 3), dtype=np.uint8))
    buffer = io.BytesIO()
    noise.save(buffer, "JPEG", quality=40)
    data = buffer.getvalue()
    grown = len(reencode_clean(data).bytes)
    assert grown > 1.5 * len(data)
    monkeypatch.setattr(decoding, "MAX_BYTES", (grown + len(data)) // 2)
    clean = reencode_clean(data)
    assert len(clean.bytes) <= decoding.MAX_BYTES
    assert decode(clean.bytes).size == (600, 400)
