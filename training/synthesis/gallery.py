"""A folder of generated pictures that grows: each is on disk with its row before the next is drawn."""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training.data.pictures import VIEWED
from training.data.records import DataError
from training.data.synthetic import FILE, PREFIX, Manifest, SyntheticImage, load_manifest

Bytes = NDArray[np.uint8]


class Gallery:
    """Pictures and masks as PNG beside their manifest; a killed command goes on where it was."""

    def __init__(self, folder: Path) -> None:
        """Open ``folder``, or begin one. Raises ``DataError`` where it holds a manifest that cannot be read."""
        there = (folder / FILE).is_file()
        self.manifest = load_manifest(folder) if there else Manifest(folder, ())
        self.names = {image.image_id for image in self.manifest.images}

    def __contains__(self, name: str) -> bool:
        return name in self.names

    def add(self, name: str, image: Bytes, mask: Bytes | None, **row: Any) -> SyntheticImage:
        """Keep ``image`` (H,W,3) and ``mask`` (H,W) 0 or 1 as ``name``; ``row`` are fields of ``SyntheticImage``.

        A picture smaller than the network's input is enlarged to it: a clinic's runtime refuses what is smaller.
        Raises ``ValueError`` for a name that is there already.
        """
        if name in self.names:
            raise ValueError(f"{name} is there already.")
        folder = self.manifest.folder
        folder.mkdir(parents=True, exist_ok=True)
        data = png(at_least(image, VIEWED))
        (folder / f"{name}.png").write_bytes(data)
        if mask is not None:
            (folder / f"{name}_mask.png").write_bytes(png(at_least(mask * np.uint8(255), VIEWED)))
        made = SyntheticImage(
            image=f"{name}.png",
            sha256=hashlib.sha256(data).hexdigest(),
            mask=f"{name}_mask.png" if mask is not None else None,
            **row,
        )
        self.manifest = replace(self.manifest, images=(*self.manifest.images, made))
        self.names.add(name)
        return made

    def check(
        self, name: str, settings: dict[str, float | str], *, weights_sha256: str = "", split_sha256: str = ""
    ) -> None:
        """Raise ``DataError`` where ``name`` is here and was made otherwise: settings, generator or split."""
        made = [image for image in self.manifest.images if image.image_id == name]
        if not made:
            return
        if made[0].settings != settings:
            raise DataError(
                f"{name} is here, made with other settings ({made[0].settings}); give another --out, or repeat those."
            )
        if (made[0].weights_sha256, made[0].split_sha256) != (weights_sha256, split_sha256):
            raise DataError(f"{name} is here, made by another generator or of another split; give another --out.")

    def save(self) -> Path:
        return self.manifest.save()


def named(weights_sha256: str, code: str, seed: int, kind: str = "") -> str:
    """Of a picture: who drew it, its class and its seed.

    Of a generator with an upscaler (``one+other``) both are in the name. Should two give one name in spite of that,
    ``Gallery.check`` tells them apart.
    """
    maker = hashlib.sha256(weights_sha256.encode()).hexdigest() if "+" in weights_sha256 else weights_sha256
    return f"{PREFIX}{code}_{maker[:8]}{kind}_{seed:06d}"


def png(image: Bytes) -> bytes:
    """Without loss: what was edited must be found unchanged beside the edit."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return buffer.getvalue()


def at_least(image: Bytes, size: tuple[int, int]) -> Bytes:
    """``image`` itself, or enlarged to ``size`` (height, width) where it is smaller; bicubic, masks stay 0 and 255."""
    height, width = size
    if image.shape[0] >= height and image.shape[1] >= width:
        return image
    how = cv2.INTER_CUBIC if image.ndim == 3 else cv2.INTER_NEAREST
    return np.asarray(cv2.resize(np.ascontiguousarray(image), (width, height), interpolation=how), np.uint8)
