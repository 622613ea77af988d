"""A small folder in HAM10000's layout, with drawn lesions: enough to learn from, nothing of anyone's skin."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from inference.vocabulary import DIAGNOSES

COLOURS = {
    "akiec": (200, 90, 80),
    "bcc": (220, 150, 170),
    "bkl": (150, 110, 60),
    "df": (190, 130, 110),
    "mel": (40, 25, 30),
    "nv": (110, 70, 45),
    "vasc": (170, 20, 40),
}
FIELDS = ("lesion_id", "image_id", "dx", "dx_type", "age", "sex", "localization", "dataset")


def draw_ham10000(
    root: Path, *, lesions_per_class: int = 10, seed: int = 0, image: str = "ISIC", lesion: str = "HAM"
) -> Path:
    """Write metadata, images (200×150) and masks; every third lesion has two photographs.

    The same seed draws the same pictures; ``image`` and ``lesion`` begin their ids.
    """
    rng = np.random.default_rng(seed)
    images, masks = root / "HAM10000_images_part_1", root / "HAM10000_segmentations_lesion_tschandl"
    images.mkdir(parents=True)
    masks.mkdir()
    rows = []
    for k, code in enumerate(DIAGNOSES):
        for number in range(lesions_per_class):
            for photo in range(2 if number % 3 == 0 else 1):
                image_id = f"{image}_{k}{number:03d}{photo}"
                _draw(rng, COLOURS[code], images / f"{image_id}.jpg", masks / f"{image_id}_segmentation.png")
                age = "" if number == 1 else str(30.0 + 5 * k)
                site = "unknown" if number == 2 else "back"
                rows.append((f"{lesion}_{k}{number:03d}", image_id, code, "histo", age, "female", site, "rosendahl"))
    with (root / "HAM10000_metadata.csv").open("w", newline="") as file:
        csv.writer(file).writerows([FIELDS, *rows])
    return root


def _draw(rng: np.random.Generator, colour: tuple[int, int, int], image: Path, mask: Path) -> None:
    # Uneven light, so that no two drawings pass for near-duplicates.
    light = rng.normal((200, 165, 145), 25, size=(4, 5, 3)).clip(0, 255).astype(np.uint8)
    skin = Image.fromarray(light).resize((200, 150), Image.Resampling.BICUBIC)
    grain = rng.normal(0, 8, size=(150, 200, 3))
    picture = Image.fromarray((np.asarray(skin) + grain).clip(0, 255).astype(np.uint8))
    silhouette = Image.new("L", (200, 150))
    x, y = rng.integers(70, 130), rng.integers(55, 95)
    a, b = rng.integers(20, 45, size=2)
    box = (x - a, y - b, x + a, y + b)
    shade = tuple(int(v) for v in np.clip(np.array(colour) + rng.normal(0, 8, 3), 0, 255))
    ImageDraw.Draw(picture).ellipse(box, fill=shade)
    ImageDraw.Draw(silhouette).ellipse(box, fill=255)
    picture.save(image, quality=92)
    silhouette.save(mask)
