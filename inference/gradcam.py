"""Grad-CAM for all classes from one forward pass, in closed form.

The score of class c is z_c = W_c · mean(F) + b_c (+ metadata, which no pixel moves), so its gradient by the
feature map is W_ck / (h·w) at every cell. Its spatial mean, Grad-CAM's weight of channel k (Selvaraju et
al. 2017), is that same number, and no backward pass is needed.
"""

import numpy as np
from numpy.typing import NDArray

from inference.head import Floats


def class_heat(weights: Floats, features: Floats) -> Floats:
    """Grad-CAM of every class: ReLU(sum over k of alpha_ck F_k) with alpha = W / (h·w).

    Args:
        weights: W of the image head, (7, C).
        features: (C, h, w), after the last ReLU.

    Returns:
        (7, h, w) float32 >= 0, in logits per cell; rows as in ``weights``.
    """
    channels, rows, columns = features.shape
    cells = rows * columns
    maps = (weights / np.float32(cells)) @ features.reshape(channels, cells)  # (7, h·w)
    return np.maximum(maps, np.float32(0)).reshape(-1, rows, columns)


def peaks(heat: Floats) -> Floats:
    """(7, h, w) → (7,): the largest value of each map."""
    return np.asarray(heat.max(axis=(1, 2)), dtype=np.float32)


def as_bytes(heat: Floats) -> NDArray[np.uint8]:
    """(7, h, w) → the same as uint8: each map's own maximum becomes 255; a map without heat stays 0."""
    tops = peaks(heat)[:, np.newaxis, np.newaxis]
    scaled = np.divide(heat, tops, out=np.zeros_like(heat), where=tops > 0)
    return np.asarray(np.rint(scaled * 255), dtype=np.uint8)


def share_inside(heat: Floats, region: NDArray[np.bool_]) -> float | None:
    """Share (0 to 1) of a map's heat (h, w) that lies in a region (h, w); None without any heat."""
    total = float(heat.sum())
    return float(heat[region].sum()) / total if total > 0 else None


def share_on(heat: Floats, pixels: NDArray[np.bool_]) -> float | None:
    """Share (0 to 1) of a map's heat (h, w) that lies on pixels (H, W); None without any heat.

    A cell's heat is spread evenly over the pixels that it stands for, about H/h by W/w of them.
    """
    total = float(heat.sum())
    if total <= 0:
        return None
    rows, columns = (np.arange(side) * cells // side for side, cells in zip(pixels.shape, heat.shape, strict=True))
    sizes = np.outer(np.bincount(rows), np.bincount(columns))
    spread = (heat / sizes)[np.ix_(rows, columns)]  # (H, W)
    return float(spread[pixels].sum()) / total


def border(rows: int, columns: int) -> NDArray[np.bool_]:
    """(h, w): the outermost ring of cells, where rulers, stickers and vignettes live."""
    ring = np.ones((rows, columns), dtype=np.bool_)
    ring[1:-1, 1:-1] = False
    return ring
