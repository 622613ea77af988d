"""From a heat grid to a picture that lies on the original, pixel for pixel.

The colours are inferno (Smith and van der Walt, 2015): brightness rises evenly with heat, also for
readers who do not see red and green apart.
"""

import io
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inference.preprocessing import Geometry

MAX_SIDE: Final = 1024  # pixels; a grid of 9×12 cells holds no more detail than that shows

# Every thirty-second colour of inferno; between them it is close to linear.
_INFERNO: Final = np.array(
    [
        (0, 0, 4),
        (31, 12, 72),
        (85, 15, 109),
        (136, 34, 106),
        (186, 54, 85),
        (227, 89, 51),
        (249, 140, 10),
        (249, 201, 50),
        (252, 255, 164),
    ],
    dtype=np.float64,
)


def inferno(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Any shape of 0 to 255 → the same shape with three channels of RGB."""
    stops = np.linspace(0, 255, len(_INFERNO))
    table = np.stack([np.interp(np.arange(256), stops, _INFERNO[:, i]) for i in range(3)], axis=-1)
    return np.asarray(np.rint(table).astype(np.uint8)[values])


def heat_on_original(grid: NDArray[np.uint8], geometry: Geometry, *, max_side: int = MAX_SIDE) -> Image.Image:
    """Stretch a grid over the part that the network saw and turn it back.

    Args:
        grid: (h, w), 0 to 255.
        geometry: how the picture became the network's input.
        max_side: longest side of the answer in pixels; the original's aspect is kept.

    Returns:
        Grey levels ("L") on the upright original, 0 where the network did not look.
    """
    scale = min(1.0, max_side / max(geometry.width, geometry.height))
    width, height = (max(1, round(side * scale)) for side in geometry.landscape_size)
    left, top, right, bottom = (round(edge * scale) for edge in geometry.box)
    size = (max(1, right - left), max(1, bottom - top))
    canvas = Image.new("L", (width, height), 0)
    canvas.paste(Image.fromarray(grid).resize(size, Image.Resampling.BICUBIC), (left, top))
    return canvas.transpose(Image.Transpose.ROTATE_270) if geometry.turned else canvas


def render_overlay(grid: NDArray[np.uint8], geometry: Geometry, *, max_side: int = MAX_SIDE) -> Image.Image:
    """An RGBA picture to lay over the original: inferno, the more opaque the hotter."""
    heat = heat_on_original(grid, geometry, max_side=max_side)
    levels = np.asarray(heat)
    return Image.fromarray(np.dstack([inferno(levels), levels]), "RGBA")


def overlay_png(grid: NDArray[np.uint8], geometry: Geometry, *, max_side: int = MAX_SIDE) -> bytes:
    """``render_overlay`` as the bytes of a PNG."""
    buffer = io.BytesIO()
    render_overlay(grid, geometry, max_side=max_side).save(buffer, "PNG")
    return buffer.getvalue()


def blend(image: Image.Image, overlay: Image.Image, *, opacity: float = 0.7) -> Image.Image:
    """Lay an overlay over its original (RGB, any size); opacity 0 to 1 scales the overlay's own."""
    layer = overlay.resize(image.size, Image.Resampling.BILINEAR)
    layer.putalpha(layer.getchannel("A").point([round(level * opacity) for level in range(256)]))
    return Image.alpha_composite(image.convert("RGBA"), layer).convert("RGB")
