"""What spoils pictures on their way to a clinic, in five levels each: light, focus, resolution, compression.

After Hendrycks and Dietterich (2019), with levels that are said in units: a share of the picture's width, a factor, a
JPEG quality.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image, ImageEnhance, ImageFilter

Spoiled = bytes | Image.Image


@dataclass(frozen=True)
class Corruption:
    """``apply(picture, level)`` for each of five ``levels``, the mildest first; ``unit`` says what a level is."""

    name: str
    unit: str
    levels: tuple[float, ...]
    apply: Callable[[Image.Image, float], Spoiled]


def brightness(picture: Image.Image, factor: float) -> Image.Image:
    return ImageEnhance.Brightness(picture).enhance(factor)


def blur(picture: Image.Image, share: float) -> Image.Image:
    """Gaussian, sigma as a share of the width: what counts is how much of the lesion is smeared."""
    return picture.filter(ImageFilter.GaussianBlur(share * picture.width))


def low_resolution(picture: Image.Image, share: float) -> Image.Image:
    """Shrunk to a share of its width and enlarged again: an empty magnification."""
    small = (max(1, round(picture.width * share)), max(1, round(picture.height * share)))
    return picture.resize(small, Image.Resampling.BOX).resize(picture.size, Image.Resampling.BICUBIC)


def jpeg(picture: Image.Image, quality: float) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=round(quality))
    return buffer.getvalue()


CORRUPTIONS = (
    Corruption("darker", "brightness × factor", (0.85, 0.7, 0.55, 0.4, 0.25), brightness),
    Corruption("brighter", "brightness × factor", (1.1, 1.2, 1.3, 1.4, 1.5), brightness),
    Corruption("blur", "sigma, share of width", (0.0025, 0.005, 0.01, 0.015, 0.025), blur),
    Corruption("low resolution", "share of width kept", (0.7, 0.5, 0.35, 0.25, 0.15), low_resolution),
    Corruption("JPEG", "quality", (50, 30, 20, 10, 5), jpeg),
)
