"""A surrogate's patches as a picture that lies on the original: orange speaks for the diagnosis, blue against it.

The two are apart for readers who do not see red and green apart (Okabe and Ito 2008).
"""

import io
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inference.overlay import MAX_SIDE, heat_on_original
from inference.preprocessing import Geometry

FOR: Final = (230, 159, 0)
AGAINST: Final = (0, 114, 178)
_COLOURS = np.array([AGAINST, FOR], dtype=np.uint8)


def render_surrogate(
    patches: NDArray[np.uint8], weights: tuple[float, ...], geometry: Geometry, *, max_side: int = MAX_SIDE
) -> Image.Image:
    """An RGBA picture to lay over the original, the more opaque the more a patch weighs.

    Args:
        patches: (H, W) uint8, as ``inference.surrogates.Surrogate`` holds them.
        weights: one for each patch; the largest by size becomes opaque.
        geometry: of the explanation.
        max_side: longest side of the answer in pixels.
    """
    values = np.asarray(weights)[patches]
    largest = float(np.abs(values).max()) or 1.0
    levels = [np.rint(np.maximum(sign * values, 0) / largest * 255).astype(np.uint8) for sign in (1, -1)]
    pro, con = (np.asarray(heat_on_original(level, geometry, max_side=max_side)) for level in levels)
    colours = _COLOURS[(pro >= con).astype(int)]
    return Image.fromarray(np.dstack([colours, np.maximum(pro, con)]), "RGBA")


def surrogate_png(
    patches: NDArray[np.uint8], weights: tuple[float, ...], geometry: Geometry, *, max_side: int = MAX_SIDE
) -> bytes:
    """``render_surrogate`` as the bytes of a PNG."""
    buffer = io.BytesIO()
    render_surrogate(patches, weights, geometry, max_side=max_side).save(buffer, "PNG")
    return buffer.getvalue()
