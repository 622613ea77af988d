"""Ten drawings that are no dermoscopy: what ends up in an image folder by mistake."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Bytes = NDArray[np.uint8]
HEIGHT, WIDTH = 150, 200


def foreigners(seed: int = 0) -> Bytes:
    """uint8 (10,150,200,3): blank, black, noise, sky, a letter, chequers, grass, a face, a bar code and wood."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:HEIGHT, :WIDTH] / np.array([HEIGHT, WIDTH]).reshape(2, 1, 1)
    blank = np.full((HEIGHT, WIDTH, 3), 255)
    noise = rng.integers(0, 256, (HEIGHT, WIDTH, 3))
    sky = np.stack([90 + 60 * y, 150 + 60 * y, 235 + 15 * y], -1)
    chequers = _grey(((x * 20).astype(int) + (y * 15).astype(int)) % 2 * 255)
    grain = 140 + 25 * np.sin(60 * y + 4 * np.sin(5 * x)) + rng.normal(0, 4, x.shape)
    wood = np.stack([grain, grain * 0.75, grain * 0.45], -1)
    drawn = [blank, blank * 0, noise, sky, _letter(), chequers, _grass(rng), _face(), _bar_code(rng), wood]
    return np.stack([np.asarray(picture).clip(0, 255).astype(np.uint8) for picture in drawn])


def _grey(values: NDArray[np.int64]) -> NDArray[np.int64]:
    return values[..., None].repeat(3, -1)


def _letter() -> Image.Image:
    page = Image.new("RGB", (WIDTH, HEIGHT), "white")
    for line in range(12):
        ImageDraw.Draw(page).text((8, 6 + 12 * line), f"Letter, line {line}: nothing of note", fill="black")
    return page


def _grass(rng: np.random.Generator) -> Image.Image:
    lawn = Image.new("RGB", (WIDTH, HEIGHT), (60, 140, 50))
    for _ in range(200):
        a, b = int(rng.integers(0, WIDTH)), int(rng.integers(0, HEIGHT))
        tip = (a + int(rng.integers(-20, 20)), b - int(rng.integers(5, 40)))
        ImageDraw.Draw(lawn).line((a, b, *tip), fill=tuple(rng.integers([20, 90, 10], [90, 200, 80]).tolist()), width=2)
    return lawn


def _face() -> Image.Image:
    picture = Image.new("RGB", (WIDTH, HEIGHT), (90, 110, 140))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((55, 10, 145, 140), fill=(225, 180, 155))
    for eye in (75, 110):
        draw.ellipse((eye, 55, eye + 16, 65), fill="white")
        draw.ellipse((eye + 5, 56, eye + 11, 64), fill=(40, 60, 90))
    draw.arc((80, 85, 120, 120), 20, 160, fill=(150, 50, 60), width=4)
    return picture


def _bar_code(rng: np.random.Generator) -> Image.Image:
    label = Image.new("RGB", (WIDTH, HEIGHT), (245, 245, 245))
    at = 10
    while at < WIDTH - 15:
        width = int(rng.integers(1, 5))
        ImageDraw.Draw(label).rectangle((at, 20, at + width, HEIGHT - 20), fill="black")
        at += width + int(rng.integers(2, 6))
    return label
