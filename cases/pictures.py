"""From uploaded bytes to what is stored: cleaned picture, thumbnail, hashes."""

import hashlib
import io
from dataclasses import dataclass, field
from uuid import UUID

import numpy as np
from PIL import Image, UnidentifiedImageError

from cases.errors import InvalidInput
from inference.decoding import decode, perceptual_hash, reencode_clean
from inference.errors import ImageRefused
from inference.quality import QualityReport

THUMBNAIL_SIDE = 320  # pixels: twice the largest size at which lists show it
# Up to so many bits of the hash, and from this likeness on, two pictures look the same (docs/operations.md: figures).
MOST_BITS = 6
LEAST_LIKENESS = 0.985
_GRID = 32  # cells a side that two thumbnails are compared by
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
    quality: QualityReport | None = field(default=None, compare=False)  # None: there was no network to ask for
    # The images that it was compared with and does not look like: nobody has to wait for that a second time.
    unlike: set[UUID] = field(default_factory=set, compare=False)


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
        thumbnail=make_thumbnail(pixels),  # last: it uses the picture up
    )


def differing_bits(phash: str, other: str) -> int:
    return (int(phash, 16) ^ int(other, 16)).bit_count()


def likeness(seen: np.ndarray, thumbnail: bytes) -> float:
    """Correlation with a thumbnail's brightness, at most 1: a copy stays near 1 however it was lit or compressed."""
    try:
        return float(seen @ brightness(thumbnail))
    except (UnidentifiedImageError, OSError):
        return 0.0  # a broken file is no evidence


def brightness(thumbnail: bytes) -> np.ndarray:
    """Brightness on a small grid as a vector of length 1, or 0 where the picture is even."""
    with Image.open(io.BytesIO(thumbnail)) as image:
        cells = np.asarray(image.convert("L").resize((_GRID, _GRID), Image.Resampling.BILINEAR), dtype=np.float64)
    cells = (cells - cells.mean()).ravel()
    length = float(np.linalg.norm(cells))
    return cells / length if length > _GRID else np.zeros_like(cells)  # a grey level of spread: nothing to compare


def make_thumbnail(pixels: Image.Image) -> bytes:
    """Made of the picture itself, which is small afterwards: a copy of 50 megapixels would take 200 MB."""
    pixels.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    buffer = io.BytesIO()
    pixels.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()
