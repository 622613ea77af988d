"""What a file's first bytes say, read before any decoder may allocate memory for it."""

import re
import struct
from collections.abc import Iterator
from typing import Final, Literal

Format = Literal["JPEG", "PNG", "WEBP"]

_SIGNATURES: Final[tuple[tuple[bytes, Format], ...]] = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
)
# Pictures that people do send, told apart from files that are no picture at all.
_KNOWN_BUT_UNSUPPORTED: Final = (
    (0, b"GIF8", "GIF"),
    (0, b"BM", "BMP"),
    (0, b"II*\x00", "TIFF"),
    (0, b"MM\x00*", "TIFF"),
    (0, b"\x00\x00\x01\x00", "ICO"),
    (0, b"8BPS", "Photoshop"),
    (0, b"%PDF", "PDF"),
    (0, b"\xff\x0a", "JPEG XL"),
    (0, b"\xff\x4f\xff\x51", "JPEG 2000"),
    (4, b"jP  \r\n", "JPEG 2000"),
    (4, b"JXL \r\n", "JPEG XL"),
    (4, b"ftyp", "HEIC, AVIF or video"),
    (128, b"DICM", "DICOM"),
)
_JPEG_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # SOF0 to SOF15, without DHT, JPG, DAC
# Any marker but those without a length: stuffed zero, TEM, RST0 to RST7, SOI and fill bytes.
_JPEG_MARKER: Final = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")
_EOI: Final = 0xD9
_SOS: Final = 0xDA


def sniff(data: bytes) -> Format | None:
    """The supported format that the content (never a name) shows, or None."""
    for signature, name in _SIGNATURES:
        if data.startswith(signature):
            return name
    return "WEBP" if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else None


def foreign_format(data: bytes) -> str | None:
    """The name of a picture or document format that is known but not read here, or None."""
    for offset, signature, name in _KNOWN_BUT_UNSUPPORTED:
        if data[offset : offset + len(signature)] == signature:
            return name
    return "SVG" if b"<svg" in data[:1000].lower() else None


def declared_size(data: bytes, kind: Format) -> tuple[int, int] | None:
    """(width, height) in pixels as the header declares them; None when it does not reach that far."""
    readers = {"JPEG": _jpeg_size, "PNG": _png_size, "WEBP": _webp_size}
    try:
        return readers[kind](data)
    except (struct.error, IndexError):
        return None


def is_cut_off(data: bytes, kind: Format) -> bool:
    """True when the file's end is missing, even where a decoder would fill the rest with grey."""
    if kind == "PNG":
        return b"IEND" not in data
    if kind == "WEBP":
        return len(data) < 8 + int.from_bytes(data[4:8], "little")
    return not any(marker == _EOI for marker, _ in _jpeg_markers(data))


def scan_count(data: bytes) -> int:
    """Scans of a JPEG; each costs a pass over the whole picture, so a small file can ask for hours."""
    return sum(marker == _SOS for marker, _ in _jpeg_markers(data))


def is_lossless_webp(data: bytes) -> bool:
    """True when the picture's chunk is VP8L."""
    return b"VP8L" in data and b"VP8 " not in data


def _png_size(data: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from(">II", data, 16)
    return width, height


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    for marker, position in _jpeg_markers(data):
        if marker in _JPEG_FRAMES:
            height, width = struct.unpack_from(">HH", data, position + 3)
            return width, height
    return None


def _jpeg_markers(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield each marker of the first picture with the position behind it, its end marker included.

    What follows the end marker (a phone's second picture or film) is not looked at.
    """
    position = 2
    while found := _JPEG_MARKER.search(data, position):
        marker, position = data[found.end() - 1], found.end()
        yield marker, position
        if marker == _EOI:
            return
        # The search then also steps over a scan's entropy-coded data, where 0xFF is stuffed with 0.
        position += max(int.from_bytes(data[position : position + 2], "big"), 2)


def _webp_size(data: bytes) -> tuple[int, int] | None:
    chunk = data[12:16]
    if chunk == b"VP8X":
        width = int.from_bytes(data[24:27], "little") + 1
        height = int.from_bytes(data[27:30], "little") + 1
        return (width, height) if len(data) >= 30 else None
    if chunk == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if chunk == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None
