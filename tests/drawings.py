"""Pictures for tests, drawn on the spot: no file of a real patient lives in this repository."""

import functools
import io

import numpy as np
from PIL import Image, ImageDraw


@functools.cache
def jpeg(seed: int = 0, size: tuple[int, int] = (400, 300)) -> bytes:
    """A textured spot on textured skin that passes the quality gate; one seed, one picture."""
    rng = np.random.default_rng(seed)
    skin = rng.normal((214, 168, 146), 9, (size[1], size[0], 3)).clip(0, 255).astype(np.uint8)
    image = Image.fromarray(skin)
    draw = ImageDraw.Draw(image)
    x, y = rng.integers(size[0] // 3, size[0] // 2), rng.integers(size[1] // 3, size[1] // 2)
    for _ in range(60):
        dx, dy, r = rng.integers(-45, 45), rng.integers(-45, 45), rng.integers(6, 22)
        draw.ellipse((x + dx - r, y + dy - r, x + dx + r, y + dy + r), fill=tuple(rng.integers(30, 130, 3)))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def dark_jpeg() -> bytes:
    """A picture that the quality gate refuses."""
    buffer = io.BytesIO()
    Image.new("RGB", (400, 300), (4, 4, 4)).save(buffer, "JPEG")
    return buffer.getvalue()


def clear_png() -> bytes:
    """A picture through which everything is seen."""
    buffer = io.BytesIO()
    Image.new("RGBA", (4, 3)).save(buffer, "PNG")
    return buffer.getvalue()
