"""From untrusted bytes to an upright 8-bit RGB picture, or a refusal that says what to do.

The order is the defence: length, then format by content, then size and frames from the header, and only
then a decoder. Whatever a decoder does with hostile bytes ends as ``ImageRefused``.
"""

import builtins
import io
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import ExifTags, Image

from inference.errors import ImageRefused
from inference.image_header import (
    Format,
    declared_size,
    foreign_format,
    is_cut_off,
    is_lossless_webp,
    scan_count,
    sniff,
)

MAX_BYTES = 20_000_000
MAX_PIXELS = 50_000_000
MIN_SIDE = 64  # pixels; below, a lesion is a smudge
MAX_JPEG_SCANS = 100  # encoders in use write ten or so
CLEAN_JPEG_QUALITIES = (95, 85, 70, 50)
# How many pixels, along each side, a reduced picture keeps for one of the network's: its resampling then averages over
# as many at least, and the pictures of HAM10000 (3.1 for one) are never reduced.
KEPT_FOR_ONE = 2
JPEG_REDUCTIONS = (8, 4, 2)  # what a decoder can leave out before the inverse transform

_MULTI_PICTURE = "MPO"  # a phone's JPEG with a second picture behind the first; only the first is read
_LYING = frozenset({5, 6, 7, 8})  # orientations that swap width and height
_TRANSPOSITIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True)
class CleanImage:
    """A picture that was encoded anew: pixels only, upright, without EXIF, GPS, XMP, ICC or text.

    ``width`` and ``height`` in pixels; ``format`` is that of ``bytes``.
    """

    bytes: builtins.bytes
    format: Literal["JPEG", "PNG"]
    width: int
    height: int


@dataclass(frozen=True, eq=False)
class Decoded:
    """An upright RGB picture and the (width, height) of the upright original, which it may be a reduction of."""

    image: Image.Image
    size: tuple[int, int]


def decode(data: bytes) -> Image.Image:
    """Decode a JPEG, PNG or WebP.

    Returns:
        An upright RGB picture, 8 bits a channel; transparency is laid on white, 16 bits are reduced to 8,
        grey, palette and CMYK become RGB. A phone's multi-picture JPEG gives its first picture.

    Raises:
        ImageRefused: with a stable ``code``; see ``inference.errors.RefusalCode``.
    """
    return _decoded(data, None).image


def decode_for(data: bytes, width: int, height: int) -> Decoded:
    """As ``decode``, but a JPEG far larger than a network's input is decoded at 1/2, 1/4 or 1/8 of its size.

    Args:
        data: the bytes of a JPEG, PNG or WebP.
        width, height: the network's input in pixels; ``KEPT_FOR_ONE`` times as many are always left.
    """
    return _decoded(data, (width, height))


def _decoded(data: bytes, wanted: tuple[int, int] | None) -> Decoded:
    kind = _admit(data)
    try:
        with Image.open(io.BytesIO(data), formats=[kind]) as opened:
            _refuse_unfit(opened.size)
            if getattr(opened, "n_frames", 1) > 1 and opened.format != _MULTI_PICTURE:
                raise ImageRefused("animated", "The file holds several frames; send one still picture.")
            width, height = opened.size
            size = (height, width) if _orientation(opened) in _LYING else (width, height)
            reduction = 1 if wanted is None or kind != "JPEG" else _reduction(opened.size, wanted)
            if reduction > 1:
                opened.draft(None, (width // reduction, height // reduction))
            opened.load()
            upright = _upright(opened)
            if upright is opened:
                # What copy() does, but for the copying: the pixels of 50 megapixels are 200 MB.
                upright = opened._new(opened.im)  # noqa: SLF001
            upright.info = {}
            return Decoded(upright, size)
    except ImageRefused:
        raise
    except Exception as error:  # noqa: BLE001  decoders fail on hostile bytes in every way there is
        raise _refusal(error) from None


def _reduction(size: tuple[int, int], wanted: tuple[int, int]) -> int:
    """The largest of ``JPEG_REDUCTIONS`` that leaves enough for the wanted (width, height) in the picture's centre."""
    across, down = (kept // need for kept, need in zip(sorted(size), sorted(wanted), strict=True))
    for reduction in JPEG_REDUCTIONS:
        if min(across, down) >= KEPT_FOR_ONE * reduction:
            return reduction
    return 1


def normalise(image: Image.Image) -> Image.Image:
    """Bring an opened picture into the one form that is analysed: upright RGB, 8 bits a channel.

    The answer is a new picture without metadata; the given one stays as it is.

    Raises:
        ImageRefused: ``unsupported_format`` when the pixel mode has no agreed meaning as a photograph.
    """
    upright = _upright(image)
    if upright is image:
        upright = image.copy()
    upright.info = {}  # comments and profiles would otherwise be written back by an encoder
    return upright


def reencode_clean(data: bytes) -> CleanImage:
    """Decode and encode anew, so that nothing but the pixels of the upright picture remains.

    JPEG and lossy WebP become JPEG (quality 95, 4:4:4); PNG and lossless WebP become PNG. A picture that would thereby
    grow past what ``decode`` accepts becomes a JPEG of the highest listed quality that fits: it must be readable later.

    Raises:
        ImageRefused: as ``decode`` does.
    """
    image = decode(data)
    kind = sniff(data)
    lossless = kind == "PNG" or (kind == "WEBP" and is_lossless_webp(data))
    clean = _png(image) if lossless else b""
    if lossless and len(clean) <= MAX_BYTES:
        return CleanImage(clean, "PNG", *image.size)
    for quality in CLEAN_JPEG_QUALITIES:
        clean = _jpeg(image, quality)
        if len(clean) <= MAX_BYTES:
            break
    return CleanImage(clean, "JPEG", *image.size)


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def _jpeg(image: Image.Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality, subsampling="4:4:4")
    return buffer.getvalue()


def perceptual_hash(image: Image.Image) -> str:
    """A 64-bit difference hash as 16 hex digits: near-duplicates differ in few bits.

    Each bit says whether brightness falls from one cell to its right neighbour on a 9×8 grid.
    """
    small = image.convert("L").resize((9, 8), Image.Resampling.BILINEAR)
    cells = np.asarray(small, dtype=np.int16)  # (8, 9)
    return np.packbits(cells[:, :-1] > cells[:, 1:]).tobytes().hex()


def _admit(data: bytes) -> Format:
    """Refuse by length, content and header; return the format that the decoder may read."""
    if not data:
        raise ImageRefused("empty", "The file is empty; choose the picture again.")
    if len(data) > MAX_BYTES:
        raise ImageRefused(
            "too_large_bytes",
            f"The file has {len(data) / 1e6:.1f} MB; at most {MAX_BYTES // 1_000_000} MB are accepted. "
            "Save it with more compression.",
        )
    kind = sniff(data)
    if kind is None:
        other = foreign_format(data)
        if other:
            raise ImageRefused("unsupported_format", f"This is a {other} file; send JPEG, PNG or WebP.")
        raise ImageRefused("not_an_image", "The content is not a picture; send JPEG, PNG or WebP.")
    size = declared_size(data, kind)
    if size is None:
        raise ImageRefused("truncated", "The file ends inside its header; transfer it again.")
    _refuse_unfit(size)
    if is_cut_off(data, kind):
        raise ImageRefused("truncated", "The end of the file is missing; transfer it again.")
    if kind == "JPEG" and scan_count(data) > MAX_JPEG_SCANS:
        raise ImageRefused("unsupported_format", "The JPEG is built of too many scans; save it anew.")
    return kind


def _refuse_unfit(size: tuple[int, int]) -> None:
    width, height = size
    if width * height > MAX_PIXELS:
        raise ImageRefused(
            "too_many_pixels",
            f"The picture has {width}×{height} pixels; at most {MAX_PIXELS // 1_000_000} million are "
            "accepted. Send a smaller one.",
        )
    if min(width, height) < MIN_SIDE:
        raise ImageRefused(
            "too_small",
            f"The picture has {width}×{height} pixels; each side needs at least {MIN_SIDE}. "
            "Send the original, not a thumbnail.",
        )


def _refusal(error: Exception) -> ImageRefused:
    if isinstance(error, Image.DecompressionBombError):
        return ImageRefused("too_many_pixels", "The picture has too many pixels; send a smaller one.")
    if "truncated" in str(error).lower() or isinstance(error, EOFError):
        return ImageRefused("truncated", "The file is cut off or damaged; transfer it again.")
    return ImageRefused("not_an_image", "The file is damaged and cannot be read; export it again.")


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # noqa: BLE001  a broken EXIF block says nothing about the pixels
        return 1


def _upright(image: Image.Image) -> Image.Image:
    """The picture itself if it is upright RGB already, otherwise a new one."""
    transposition = _TRANSPOSITIONS.get(_orientation(image))
    rgb = _to_rgb(image)
    return rgb if transposition is None else rgb.transpose(transposition)


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "RGB":
        return image
    if image.mode.startswith("I"):
        # 16-bit grey; convert() would clip instead of scale.
        grey = np.asarray(image).astype(np.int64).clip(0, 65535) >> 8
        return Image.fromarray(grey.astype(np.uint8)).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        layered = image if image.mode == "RGBA" else image.convert("RGBA")
        page = Image.new("RGB", image.size, "white")
        page.paste(layered, mask=layered)
        return page
    if image.mode in ("1", "L", "P", "CMYK", "YCbCr", "RGBX"):
        return image.convert("RGB")
    raise ImageRefused("unsupported_format", f"Pixels of mode {image.mode} are not read; send 8-bit RGB.")
