"""The same pictures on other skins: shifted so that the skin's mean individual typology angle falls into bins.

ITA = arctan((L* - 50) / b*) in degrees (Chardon et al. 1991). L* of the whole picture is scaled, as a darker skin
darkens a lesion with it, and b* is moved; a* stays. This is arithmetic on light skin and no photograph of dark skin.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inference.artefacts import lab


@dataclass(frozen=True)
class Tone:
    """A bin: its name, the range of its angle in degrees, and L* and b* of a skin inside it."""

    name: str
    low: float
    high: float
    lightness: float
    yellowness: float


TONES = (
    Tone("light", 41, 90, 68, 16),
    Tone("intermediate", 28, 41, 62, 17.5),
    Tone("tan", 10, 28, 56, 18),
    Tone("brown", -30, 10, 46.5, 17),
    Tone("dark", -60, -30, 34, 14),
    Tone("very dark", -90, -60, 22, 10),
)

Lab = NDArray[np.float32]


def shifted(picture: Image.Image, tone: Tone) -> Image.Image:
    """``picture`` (RGB) with its skin at the tone's L* and b*."""
    colours = lab(np.asarray(picture, np.uint8))
    skin = _skin(colours)
    scaled = colours[..., 0] * (tone.lightness / max(float(skin[0]), 1.0))
    moved = colours[..., 2] + (tone.yellowness - float(skin[2]))
    return Image.fromarray(_to_srgb(np.stack([scaled, colours[..., 1], moved], axis=-1)))


def angle(picture: Image.Image) -> float:
    """ITA of the skin, in degrees: above 41 light, below -30 dark."""
    lightness, _, yellowness = _skin(lab(np.asarray(picture, np.uint8)))
    return float(np.degrees(np.arctan2(lightness - 50, yellowness)))


def _skin(colours: Lab) -> Lab:
    """L*, a*, b* (3,) of the brighter half, where no lesion is; the median, so that hair and glare do not count."""
    lightness = colours[..., 0]
    return np.asarray(np.median(colours[lightness >= np.median(lightness)], axis=0))


def _to_srgb(colours: Lab) -> NDArray[np.uint8]:
    y = (colours[..., 0] + 16) / 116
    f = np.stack([y + colours[..., 1] / 500, y, y - colours[..., 2] / 200], axis=-1)
    xyz = np.where(f > 6 / 29, f**3, (f - 16 / 116) / 7.787) * np.array([0.95047, 1.0, 1.08883])
    linear = (xyz @ _TO_RGB).clip(0, 1)
    levels = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray((levels * 255).round().clip(0, 255), np.uint8)


_TO_RGB = np.linalg.inv([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]).T
