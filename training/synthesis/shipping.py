"""A few of many generated pictures, small enough to go along with a program: which, and as what files."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from PIL import Image

from training.data.pictures import read_picture
from training.data.records import DataError
from training.data.synthetic import Manifest, SyntheticImage

SIZE = (512, 384)  # width, height
QUALITIES = range(92, 58, -3)  # of JPEG, the best one that is small enough


def best(manifest: Manifest, *, each: int, without: Collection[str] = ()) -> list[SyntheticImage]:
    """``each`` a class, in the order of the classes: copies of no photograph, seen as their class, of the lowest NIQE.

    What reviewers rejected stays out. ``without`` are names that somebody's eye rejects. Raises ``DataError`` where
    one of them is not there or too few are left.
    """
    astray = sorted(set(without) - {image.image_id for image in manifest.images})
    if astray:
        raise DataError(f"{astray[0]} is not in the manifest; take its name from the sheet of generate score.")
    chosen: list[SyntheticImage] = []
    for code in manifest.counts():
        left = [
            image
            for image in manifest.images
            if image.diagnosis == code and image.image_id not in without and image.may_be_accepted
            if image.scores["agrees"] and image.accepted is not False
        ]
        if len(left) < each:
            raise DataError(
                f"Of {code} {len(left)} are left, and {each} are asked for; generate sample and score more of them."
            )
        chosen += sorted(left, key=lambda image: image.scores["niqe"])[:each]
    return chosen


def ship(manifest: Manifest, chosen: list[SyntheticImage], out: Path, *, at_most: int, trim: int = 0) -> Manifest:
    """Write ``chosen`` as JPEGs of 512×384 and at most so many bytes, with their manifest, into ``out``.

    ``trim`` is the per cent of width and height that is cut from every edge, where generated pictures are least
    certain. A row keeps what drew the picture, and its scores, which are those of the picture before it was cut and
    enlarged; masks stay behind, and so do the reviewers' decisions, who saw another file. Raises ``DataError`` where
    ``out`` holds something already, ``trim`` leaves nothing, or a picture cannot be made so small; then nothing is
    written.
    """
    if out.exists() and any(out.iterdir()):
        raise DataError(f"{out} is not empty; give another --out.")
    if not 0 <= trim < 50:
        raise DataError(f"--trim {trim} is not between 0 and 49 per cent of every edge.")
    files = [_small(_framed(read_picture(manifest.folder / one.image), trim), at_most, one.image_id) for one in chosen]
    shipped = Manifest(out, tuple(_row(image, data, trim) for image, data in zip(chosen, files, strict=True)))
    out.mkdir(parents=True, exist_ok=True)
    for row, data in zip(shipped.images, files, strict=True):
        (out / row.image).write_bytes(data)
    shipped.save()
    return shipped


def _row(image: SyntheticImage, data: bytes, trim: int) -> SyntheticImage:
    settings = {**image.settings, "trimmed_percent": trim, "enlarged_to": f"{SIZE[0]}x{SIZE[1]}"}
    digest = hashlib.sha256(data).hexdigest()
    return replace(image, image=f"{image.image_id}.jpg", sha256=digest, mask=None, settings=settings, accepted=None)


def _framed(picture: Image.Image, trim: int) -> Image.Image:
    """The middle of the picture, in the shape of ``SIZE``: cut, for a squashed lesion has another shape."""
    width, height = (side * (100 - 2 * trim) / 100 for side in picture.size)
    scale = min(width / SIZE[0], height / SIZE[1])
    size = [max(1, round(side * scale)) for side in SIZE]
    left, top = ((whole - part) // 2 for whole, part in zip(picture.size, size, strict=True))
    return picture.crop((left, top, left + size[0], top + size[1]))


def _small(picture: Image.Image, at_most: int, name: str) -> bytes:
    large = picture.resize(SIZE, Image.Resampling.BICUBIC)
    for quality in QUALITIES:
        buffer = io.BytesIO()
        large.save(buffer, "JPEG", quality=quality, optimize=True)
        if buffer.tell() <= at_most:
            return buffer.getvalue()
    raise DataError(f"{name} does not fit into {at_most:,} bytes; allow more with --at-most.")
