"""From uploaded bytes to what is stored: cleaned picture, thumbnail, hashes."""

import hashlib
import io
from dataclasses import dataclass

from PIL import Image

from cases.errors import InvalidInput
from inference.decoding import decode, perceptual_hash, reencode_clean
from inference.errors import ImageRefused

THUMBNAIL_SIDE = 320  # pixels: twice the largest size at which lists show it
_SUFFIX = {"JPEG": ".jpg", "PNG": ".png"}


@dataclass(frozen=True)
class Picture:
    """A picture without anything but its pixels, with what is known about it."""

    data: bytes
    suffix: str
    media_type: str
    width: int
    height: int
    sha256: str  # of the bytes as they arrived
    stored_sha256: str
    phash: str
    thumbnail: bytes  # JPEG


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def clean_picture(data: bytes) -> Picture:
    """Decode under limits and encode anew; bytes that are no usable picture are refused with what to do about it."""
    try:
        clean = reencode_clean(data)
        pixels = decode(clean.bytes)
    except ImageRefused as refusal:
        raise InvalidInput({"file": str(refusal)}) from refusal
    return Picture(
        data=clean.bytes,
        suffix=_SUFFIX[clean.format],
        media_type=f"image/{clean.format.lower()}",
        width=clean.width,
        height=clean.height,
        sha256=sha256(data),
        stored_sha256=sha256(clean.bytes),
        phash=perceptual_hash(pixels),
        thumbnail=_thumbnail(pixels),  # last: it uses the picture up
    )


def _thumbnail(pixels: Image.Image) -> bytes:
    """Made of the picture itself, which is small afterwards: a copy of 50 megapixels would take 200 MB."""
    pixels.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    buffer = io.BytesIO()
    pixels.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()
