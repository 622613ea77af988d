"""Asymmetry, border, colour, diameter, texture as numbers: after the ABCD rule (Stolz et al. 1994).

The lesion is found in the picture itself (Otsu's threshold), never taken from a drawn mask: a new picture has none.
A photograph carries no scale, so the diameter is a share of the picture's height and not millimetres.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.descriptors import COLOURS, COUNTED_FROM

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]
Mask = NDArray[np.bool_]

NAMES = (
    *("asymmetry along", "asymmetry across"),
    *("border irregularity", "border hollowness", "border sharpness"),
    *(f"share of {name}" for name in COLOURS),
    *("colours", "darker than skin", "redder than skin", "yellower than skin"),
    "diameter",
    *("texture contrast", "texture edges"),
)


def describe(pixels: Bytes) -> Floats:
    """(H,W,3) RGB uint8 → (18,), in the order of ``NAMES``."""
    mask = lesion(pixels)
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    strength = np.hypot(*(cv2.Sobel(grey, cv2.CV_32F, *order, scale=1 / 8) for order in ((1, 0), (0, 1))))
    diameter = 2 * np.sqrt(mask.sum() / np.pi) / mask.shape[0]
    texture = (grey[mask].std(), strength[mask].mean())
    return np.array([*asymmetry(mask), *_border(mask, strength), *_colour(pixels, mask), diameter, *texture])


def lesion(pixels: Bytes) -> Mask:
    """(H,W): the dark region that Otsu's threshold separates, the one nearest to the centre for its size."""
    grey = cv2.GaussianBlur(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), (0, 0), 2)
    _, dark = cv2.threshold(grey, 0, 1, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)
    dark = cv2.morphologyEx(dark, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9)))
    count, labels, stats, centres = cv2.connectedComponentsWithStats(dark)
    middle = np.array([grey.shape[1], grey.shape[0]]) / 2
    if count < 2:  # a picture of one grey: the middle stands for the lesion
        y, x = np.mgrid[: grey.shape[0], : grey.shape[1]]
        return np.asarray(np.hypot(x - middle[0], y - middle[1]) < grey.shape[0] / 4)
    far = np.linalg.norm(centres[1:] - middle, axis=1) / np.linalg.norm(middle)  # 0 centre, 1 corner
    best = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA] * (1 - far) ** 2))
    return np.asarray(labels == best)


def asymmetry(mask: Mask) -> tuple[float, float]:
    """Share 0-1 of a lesion that its mirror image misses: mirrored along its long axis, then across it."""
    y, x = np.nonzero(mask)
    points = np.stack([x - x.mean(), y - y.mean()])
    axes = np.linalg.eigh(np.cov(points) if points.shape[1] > 1 else np.eye(2))[1][:, ::-1]  # long axis first
    turned = axes.T @ points
    reach = int(np.ceil(np.abs(turned).max())) + 1
    here = _drawn(turned, reach)
    missed = (1 - (here & here[flip]).sum() / here.sum() for flip in (np.s_[::-1, :], np.s_[:, ::-1]))
    along, across = (float(share) for share in missed)
    return along, across


def _drawn(points: Floats, reach: int) -> Mask:
    # Three pixels a cell: turned points leave no holes that a mirror image would miss.
    edges = np.linspace(-reach, reach, 2 * reach // 3 + 1)
    counts, _, _ = np.histogram2d(points[1], points[0], bins=(edges, edges))
    return np.asarray(counts > 4)


def _border(mask: Mask, strength: NDArray[np.float32]) -> tuple[float, float, float]:
    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outline = max(outlines, key=len)
    area, hull = cv2.contourArea(outline), cv2.contourArea(cv2.convexHull(outline))
    irregularity = cv2.arcLength(outline, closed=True) ** 2 / (4 * np.pi * max(area, 1.0))  # 1: a disc
    along = strength[outline[:, 0, 1], outline[:, 0, 0]]
    return irregularity, 1 - area / max(hull, 1.0), float(along.mean())


def _colour(pixels: Bytes, mask: Mask) -> list[float]:
    lab = cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB).astype(np.float32)
    known = cv2.cvtColor(np.array([list(COLOURS.values())], np.uint8), cv2.COLOR_RGB2LAB)[0].astype(np.float32)
    nearest = np.linalg.norm(lab[mask][:, None] - known, axis=2).argmin(axis=1)
    shares = np.bincount(nearest, minlength=len(COLOURS)) / len(nearest)
    skin = np.median(lab[~mask], axis=0) if not mask.all() else np.zeros(3)
    darker, redder, yellower = (lab[mask].mean(axis=0) - skin) * (-1, 1, 1)
    return [*shares, float((shares >= COUNTED_FROM).sum()), darker, redder, yellower]
