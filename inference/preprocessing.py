"""From an upright picture to the network's input, and the way back for heatmaps.

Every step reads one picture and constants frozen in the bundle; nothing is taken from a batch, so a
picture gives the same numbers alone and among others.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inference.manifest import InputSpec

# Pillow widens these filters by the scale when it shrinks, which is the antialiasing that training saw.
_RESAMPLING: Final = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}

Box = tuple[float, float, float, float]  # left, top, right, bottom in pixels


@dataclass(frozen=True)
class Geometry:
    """Which part of the upright original the network saw.

    width, height: the upright original in pixels. turned: it was portrait and was turned by 90° counter-
    clockwise. box: (left, top, right, bottom) of what was kept, in pixels of the landscape picture.
    """

    width: int
    height: int
    turned: bool
    box: Box

    @property
    def landscape_size(self) -> tuple[int, int]:
        """(width, height) after the turn."""
        return (self.height, self.width) if self.turned else (self.width, self.height)

    @property
    def kept_share(self) -> float:
        """Share (0 to 1) of the original's area that the network saw."""
        left, top, right, bottom = self.box
        return (right - left) * (bottom - top) / (self.width * self.height)


@dataclass(frozen=True)
class Prepared:
    """pixels (H, W, 3) uint8 RGB as the network sees them; tensor (1, 3, H, W) float32, normalised."""

    pixels: NDArray[np.uint8]
    tensor: NDArray[np.float32]
    geometry: Geometry


def prepare(image: Image.Image, spec: InputSpec, size: tuple[int, int] | None = None) -> Prepared:
    """Turn a portrait picture (dermoscopy has no up), crop the centre to the input's aspect, resize.

    Args:
        image: upright RGB, 8 bits a channel, as ``inference.decoding.decode`` returns it.
        spec: the bundle's input.
        size: (width, height) of the upright original in pixels, where ``image`` is a reduction of it
            (``inference.decoding.decode_for``); the geometry is the original's.
    """
    width, height = size or image.size
    turned = height > width
    landscape = image.transpose(Image.Transpose.ROTATE_90) if turned else image
    long, short = max(width, height), min(width, height)
    box = _centre_box(long, short, aspect=spec.width / spec.height)
    seen = _scaled(box, landscape.width / long, landscape.height / short)
    fitted = landscape.resize((spec.width, spec.height), _RESAMPLING[spec.interpolation], box=seen)
    pixels = np.asarray(fitted, dtype=np.uint8)  # (H, W, 3)
    return Prepared(pixels, to_tensor(pixels, spec), Geometry(width, height, turned, box))


def to_tensor(pixels: NDArray[np.uint8], spec: InputSpec) -> NDArray[np.float32]:
    """(H, W, 3) uint8 → (1, 3, H, W) float32: scaled to 0..1, then standardised per channel."""
    mean = np.asarray(spec.mean, dtype=np.float32)
    std = np.asarray(spec.std, dtype=np.float32)
    scaled = (pixels.astype(np.float32) / np.float32(255.0) - mean) / std  # (H, W, 3)
    return np.ascontiguousarray(scaled.transpose(2, 0, 1)[np.newaxis])


def _scaled(box: Box, across: float, down: float) -> Box:
    left, top, right, bottom = box
    return left * across, top * down, right * across, bottom * down


def _centre_box(width: int, height: int, *, aspect: float) -> Box:
    kept_width, kept_height = min(width, height * aspect), min(height, width / aspect)
    left, top = (width - kept_width) / 2, (height - kept_height) / 2
    return left, top, left + kept_width, top + kept_height
