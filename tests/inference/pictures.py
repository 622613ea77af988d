"""Drawn pictures and their bytes."""

import io
import random
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

SKIN = (205, 160, 140)


def lesion(width: int = 200, height: int = 150, *, seed: int = 0) -> Image.Image:
    """A brown disc with texture on skin: sharp enough to pass the quality gate."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", (width, height), SKIN)
    draw = ImageDraw.Draw(image)
    radius = min(width, height) / 3
    centre = (width / 2, height / 2)
    draw.ellipse([c + s * radius for s in (-1, 1) for c in centre], fill=(110, 70, 50))
    noise = rng.integers(-25, 26, (height, width, 1))
    return Image.fromarray((np.asarray(image).astype(int) + noise).clip(0, 255).astype(np.uint8))


def spot(width: int, height: int, x: float, y: float, *, radius: float = 14) -> Image.Image:
    """One white spot on black at (x, y)."""
    image = Image.new("RGB", (width, height), "black")
    ImageDraw.Draw(image).ellipse([x - radius, y - radius, x + radius, y + radius], fill="white")
    return image


def encode(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    """The file's bytes."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def oriented(image: Image.Image, orientation: int) -> bytes:
    """A JPEG whose EXIF says how to turn it."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encode(image, exif=exif, quality=95)


def mutate(data: bytes, seed: int) -> bytes:
    """Flip, cut, repeat or overwrite parts of a file, the same way for the same seed."""
    rng = random.Random(seed)
    mutated = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        start = rng.randrange(len(mutated))
        length = rng.randint(1, 16)
        change = rng.randrange(4)
        if change == 0:
            mutated[start] ^= 1 << rng.randrange(8)
        elif change == 1:
            mutated[start : start + length] = rng.randbytes(length)
        elif change == 2:
            del mutated[start : start + length]
        else:
            mutated[start:start] = mutated[start : start + length] * 3
        mutated = mutated or bytearray(b"\xff")
    return bytes(mutated)
