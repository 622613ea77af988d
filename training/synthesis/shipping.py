"""A few of many generated pictures, small enough to go along with a program: which, and as what files."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from training.data.pictures import read_picture
from training.data.records import DataError
from training.data.synthetic import Manifest, SyntheticImage

SIZE = (512, 384)  # width, height
QUALITIES = range(92, 58, -3)  # of JPEG, the best one that is small enough


def best(manifest: Manifest, *, each: int, without: Collection[str] = ()) -> list[SyntheticImage]:
    """``each`` a class, in the order of the classes: copies of no photograph, seen as their class, of the lowest NIQE.

    ``without`` are names that somebody's eye rejects. Raises ``DataError`` where one of them is not there or too few
    are left.
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
            if image.scores["agrees"]
        ]
        if len(left) < each:
            raise DataError(
                f"Of {code} {len(left)} are left, and {each} are asked for; generate sample and score more of them."
            )
        chosen += sorted(left, key=lambda image: image.scores["niqe"])[:each]
    return chosen


def ship(manifest: Manifest, chosen: list[SyntheticImage], out: Path, *, at_most: int) -> Manifest:
    """Write ``chosen`` as JPEGs of 512×384 and at most so many bytes, with their manifest, into ``out``.

    A row keeps what drew the picture, and its scores, which are those of the picture before it was enlarged; masks
    stay behind. Raises ``DataError`` where ``out`` holds something already, or a picture cannot be made so small.
    """
    if out.exists() and any(out.iterdir()):
        raise DataError(f"{out} is not empty; give another --out.")
    out.mkdir(parents=True, exist_ok=True)
    rows = []
    for image in chosen:
        data = _small(np.asarray(read_picture(manifest.folder / image.image)), at_most, image.image_id)
        name = f"{image.image_id}.jpg"
        (out / name).write_bytes(data)
        settings = {**image.settings, "enlarged_to": f"{SIZE[0]}x{SIZE[1]}"}
        digest = hashlib.sha256(data).hexdigest()
        rows.append(replace(image, image=name, sha256=digest, mask=None, settings=settings))
    shipped = Manifest(out, tuple(rows))
    shipped.save()
    return shipped


def _small(pixels: np.ndarray, at_most: int, name: str) -> bytes:
    large = Image.fromarray(pixels).resize(SIZE, Image.Resampling.BICUBIC)
    for quality in QUALITIES:
        buffer = io.BytesIO()
        large.save(buffer, "JPEG", quality=quality, optimize=True)
        if buffer.tell() <= at_most:
            return buffer.getvalue()
    raise DataError(f"{name} does not fit into {at_most:,} bytes; allow more with --at-most.")
