"""Pictures as arrays, decoded once and kept in a memory-mapped cache that several training processes share."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from training.data.records import Record

Bytes = NDArray[np.uint8]

STORED = (150, 200)  # height, width that augmentation crops from
VIEWED = (144, 192)  # height, width of the evaluation view, the same as the served network's input


@dataclass(frozen=True)
class Pictures:
    """All pictures of a record list, in its order, as read-only uint8 memory maps.

    stored (N,150,200,3) RGB 0–255 to augment from; viewed (N,144,192,3) RGB as the runtime would see it, resized
    straight from the file; masks (N,150,200) 0 or 1, and ``has_mask`` (N,) bool.
    """

    stored: Bytes
    viewed: Bytes
    masks: Bytes
    has_mask: NDArray[np.bool_]


def load_pictures(records: list[Record], cache: Path) -> Pictures:
    """Decode all records into ``cache`` (about 2 GB for HAM10000), or open what an earlier call left there."""
    folder = cache / _key(records)
    if not (folder / "complete").exists():
        _fill(records, folder)
    return Pictures(
        stored=np.load(folder / "stored.npy", mmap_mode="r"),
        viewed=np.load(folder / "viewed.npy", mmap_mode="r"),
        masks=np.load(folder / "masks.npy", mmap_mode="r"),
        has_mask=np.load(folder / "has_mask.npy"),
    )


def _key(records: list[Record]) -> str:
    # Sizes of the files stand for their content: another release of the same ids must not hit the old cache.
    text = "\n".join(f"{record.image_id} {record.image.stat().st_size}" for record in records)
    return hashlib.sha256(f"{STORED}{VIEWED}{text}".encode()).hexdigest()[:16]


def _fill(records: list[Record], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    part = f".{os.getpid()}.npy"  # two processes may fill at once; each renames its own whole file into place
    shapes = {"stored": (*STORED, 3), "viewed": (*VIEWED, 3), "masks": STORED}
    arrays = {
        name: np.lib.format.open_memmap(folder / (name + part), "w+", np.uint8, (len(records), *shape))
        for name, shape in shapes.items()
    }
    for i, record in enumerate(tqdm(records, desc="decoding", unit="image")):
        with Image.open(record.image) as opened:
            image = opened.convert("RGB")
        arrays["stored"][i] = _resize(image, STORED)
        arrays["viewed"][i] = _resize(image, VIEWED)
        if record.mask:
            with Image.open(record.mask) as opened:
                arrays["masks"][i] = _resize(opened.convert("L"), STORED) > 127
    np.save(folder / ("has_mask" + part), np.array([record.mask is not None for record in records]))
    for name in (*shapes, "has_mask"):
        (folder / (name + part)).replace(folder / f"{name}.npy")
    (folder / "complete").touch()


def _resize(image: Image.Image, size: tuple[int, int]) -> Bytes:
    height, width = size
    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.BILINEAR)  # Pillow's BILINEAR is antialiased
    return np.asarray(image, dtype=np.uint8)


def standardisation(viewed: Bytes, rows: list[int]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation a channel, on the 0–1 scale, of the training rows alone."""
    sums, squares, count = np.zeros(3), np.zeros(3), 0
    for start in range(0, len(rows), 500):
        block = viewed[rows[start : start + 500]].reshape(-1, 3).astype(np.float64) / 255
        sums, squares, count = sums + block.sum(0), squares + (block**2).sum(0), count + len(block)
    mean = sums / count
    std = np.sqrt(squares / count - mean**2)
    return tuple(mean.round(6).tolist()), tuple(std.round(6).tolist())
