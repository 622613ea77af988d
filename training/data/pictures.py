"""Pictures as arrays, decoded once and kept in a memory-mapped cache that several training processes share."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import PIL
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from inference import decoding, preprocessing
from inference.decoding import decode
from inference.errors import ImageRefused
from training.data import filters, presets
from training.data.presets import PRESETS, Recipe
from training.data.records import DataError, Record

Bytes = NDArray[np.uint8]

STORED = PRESETS["own"].stored  # height, width that augmentation crops from
VIEWED = PRESETS["own"].viewed  # height, width of the evaluation view, the same as the served network's input


@dataclass(frozen=True)
class Pictures:
    """All pictures of a record list, in its order, as read-only uint8 memory maps.

    stored (N,150,200,3) RGB 0–255 to augment from; viewed (N,144,192,3) RGB as the runtime would see it, resized
    straight from the file; masks (N,150,200) 0 or 1, and ``has_mask`` (N,) bool. Sizes are those of the preset 'own';
    ``recipe`` says what was done to the pictures.
    """

    stored: Bytes
    viewed: Bytes
    masks: Bytes
    has_mask: NDArray[np.bool_]
    recipe: Recipe = field(default_factory=Recipe)

    def require(self, recipe: Recipe) -> None:
        """Raise ``ValueError`` unless the pictures were made so: a network must see what it has learned from."""
        if self.recipe != recipe:
            raise ValueError(f"The run learned from pictures made as '{recipe}'; these are '{self.recipe}'.")


def load_pictures(records: list[Record], cache: Path, recipe: Recipe | None = None) -> Pictures:
    """Decode all records into ``cache`` (about 2 GB for HAM10000), or open what an earlier call left there.

    Raises ``DataError`` with the file and the reason for one that is no whole picture.
    """
    recipe = recipe or Recipe()
    folder = cache / _key(records, recipe)
    if not (folder / "complete").exists():
        _fill(records, folder, recipe)
    return Pictures(
        stored=np.load(folder / "stored.npy", mmap_mode="r"),
        viewed=np.load(folder / "viewed.npy", mmap_mode="r"),
        masks=np.load(folder / "masks.npy", mmap_mode="r"),
        has_mask=np.load(folder / "has_mask.npy"),
        recipe=recipe,
    )


def read_picture(path: Path) -> Image.Image:
    """The photograph as the runtime reads it: upright RGB of 8 bits, whatever its mode was.

    Raises ``DataError`` with the file and the reason where the runtime would refuse it.
    """
    try:
        return decode(path.read_bytes())
    except ImageRefused as refused:
        raise DataError(f"{path}: {refused}") from None


# The code between a file and its pixels: a change of it, if only of a filter's strength, makes other pixels.
_MAKERS = (decoding, preprocessing, presets, filters)


def _key(records: list[Record], recipe: Recipe) -> str:
    """Of all that the arrays depend on: the files and their masks, what is done to them, and with which libraries."""
    # Sizes of the files stand for their content: another release of the same ids must not hit the old cache.
    files = [f"{record.image_id} {_size(record.image)} {_size(record.mask)}" for record in records]
    how = [repr(recipe), repr(PRESETS[recipe.preset]), f"Pillow {PIL.__version__}", f"OpenCV {cv2.__version__}"]
    made = hashlib.sha256("\n".join([*how, *files]).encode())
    for module in _MAKERS:
        made.update(Path(str(module.__file__)).read_bytes())
    return made.hexdigest()[:16]


def _size(file: Path | None) -> int | None:
    return file.stat().st_size if file else None


def _fill(records: list[Record], folder: Path, recipe: Recipe) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    part = f".{os.getpid()}.npy"  # two processes may fill at once; each renames its own whole file into place
    stored, viewed = PRESETS[recipe.preset].stored, PRESETS[recipe.preset].viewed
    shapes = {"stored": (*stored, 3), "viewed": (*viewed, 3), "masks": stored}
    arrays = {
        name: np.lib.format.open_memmap(folder / (name + part), "w+", np.uint8, (len(records), *shape))
        for name, shape in shapes.items()
    }
    for i, record in enumerate(tqdm(records, desc="decoding", unit="image")):
        image = recipe.filtered(read_picture(record.image))
        arrays["stored"][i] = recipe.fitted(image, stored)
        arrays["viewed"][i] = recipe.fitted(image, viewed)
        if record.mask:
            mask = read_picture(record.mask)  # grey as RGB, so that it goes the photograph's way
            arrays["masks"][i] = recipe.fitted(mask, stored)[..., 0] > 127
    np.save(folder / ("has_mask" + part), np.array([record.mask is not None for record in records]))
    for name in (*shapes, "has_mask"):
        (folder / (name + part)).replace(folder / f"{name}.npy")
    (folder / "complete").touch()


def standardisation(viewed: Bytes, rows: list[int]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation a channel, on the 0–1 scale, of the training rows alone."""
    sums, squares, count = np.zeros(3), np.zeros(3), 0
    for start in range(0, len(rows), 500):
        block = viewed[rows[start : start + 500]].reshape(-1, 3).astype(np.float64) / 255
        sums, squares, count = sums + block.sum(0), squares + (block**2).sum(0), count + len(block)
    mean = sums / count
    std = np.sqrt(squares / count - mean**2)
    return tuple(mean.round(6).tolist()), tuple(std.round(6).tolist())
