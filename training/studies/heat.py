"""Does the heat lie on the lesion? Energy inside, overlap and pointing against drawn masks, beside blind maps.

Lesions of HAM10000 are centred, so a blot in the middle looks like an explanation. Whatever is said of the network's
heat is therefore said of three maps without any network too, and the pointing game is played on crops in which the
lesion lies off the centre.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from inference.manifest import InputSpec
from inference.predictor import Predictor
from inference.preprocessing import prepare
from training.data.pictures import read_picture
from training.data.records import DataError, Record
from training.evaluation.predicted import numbered
from training.metrics import Interval, interval, resamples

Map = NDArray[np.float64]
Mask = NDArray[np.bool_]
Box = tuple[int, int, int, int]

NETWORK, UNIFORM, GAUSSIAN, FIXED = "network", "uniform", "centred Gaussian", "mean training mask"
MAPS = (NETWORK, UNIFORM, GAUSSIAN, FIXED)
CROP = 0.6  # of each side
KEPT = 0.5  # of the lesion's area, at least, stays in the crop
OFF = 0.35  # of the crop's sides, at least, between the lesion's centre and the crop's
_WIDTH = 1 / 5  # standard deviation of the Gaussian, of each side
THRESHOLDS = np.linspace(0.05, 0.95, 19)  # of a map's own maximum


@dataclass(frozen=True)
class Looked:
    """One picture or crop: the likeliest class's heat on its grid, the drawn mask, and how well the found mask fits."""

    heat: NDArray[np.uint8]  # (h,w)
    mask: Mask  # (H,W), as drawn
    found: Mask  # (H,W), the refined mask of the runtime
    coarse: Mask  # (h,w), the network's own


def look(predictor: Predictor, records: Sequence[Record], name: str, *, crops: bool = False) -> dict[str, Looked]:
    """Ask about each picture, or about its off-centre crop where there is one; by image id."""
    spec = predictor.bundle.manifest.input
    seen = {}
    for record in tqdm(records, desc=name, unit="image"):
        image, drawn = read_picture(record.image), _drawn(record)
        box = off_centre(np.asarray(drawn)[..., 0] > 127, record.image_id) if crops else (0, 0, *drawn.size)
        if box is None:
            continue
        result = predictor.predict(image.crop(_scaled(box, drawn.size, image.size)), record.metadata)
        mask = prepare(drawn.crop(box), spec).pixels[..., 0] > 127
        seen[record.image_id] = Looked(result.heatmap(result.likeliest), mask, result.lesion_pixels, result.lesion_mask)
    return seen


def off_centre(mask: Mask, name: str) -> Box | None:
    """A crop (left, top, right, bottom) that holds half the lesion or more, far from its middle; None without one.

    Drawn evenly from all such places, and by the picture's name, so that every run plays on the same crops.
    """
    height, width = mask.shape
    h, w = round(height * CROP), round(width * CROP)
    if not mask.any():
        return None
    sums = np.pad(mask.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    kept = sums[h:, w:] - sums[:-h, w:] - sums[h:, :-w] + sums[:-h, :-w]  # (height-h+1, width-w+1)
    y, x = (place.mean() for place in np.nonzero(mask))
    down = (np.arange(height - h + 1) + h / 2 - y) / h
    across = (np.arange(width - w + 1) + w / 2 - x) / w
    allowed = (kept >= KEPT * mask.sum()) & (np.hypot(down[:, np.newaxis], across) >= OFF)
    tops, lefts = np.nonzero(allowed)
    if not len(tops):
        return None
    place = int(np.random.default_rng(zlib.crc32(name.encode())).integers(len(tops)))
    return int(lefts[place]), int(tops[place]), int(lefts[place]) + w, int(tops[place]) + h


def trivial(records: Sequence[Record], spec: InputSpec) -> dict[str, Map]:
    """The three maps that see nothing, (H,W) each; the mean mask is that of ``records``, the training side."""
    height, width = spec.height, spec.width
    total = np.zeros((height, width))
    for record in tqdm(records, desc="training masks", unit="image"):
        total += prepare(_drawn(record), spec).pixels[..., 0] > 127
    y, x = (((np.arange(side) + 0.5) / side - 0.5) / _WIDTH for side in (height, width))
    gaussian = np.exp(-0.5 * (y[:, np.newaxis] ** 2 + x**2))
    return {UNIFORM: np.ones((height, width)), GAUSSIAN: gaussian, FIXED: total / max(1.0, total.max())}


def maps_of(one: Looked, blind: Mapping[str, Map]) -> dict[str, Map]:
    """Each map on the picture, its largest value 1 (or 0 without any heat)."""
    return {NETWORK: stretched(one.heat, one.mask.shape), **blind}


def stretched(grid: NDArray[np.uint8], shape: tuple[int, ...]) -> Map:
    """(h,w) uint8 → (H,W): as the overlay stretches it (bicubic), 1 at its own maximum."""
    image = Image.fromarray(grid.astype(np.float32)).resize((shape[1], shape[0]), Image.Resampling.BICUBIC)
    heat = np.maximum(np.asarray(image, dtype=np.float64), 0)
    return heat / heat.max() if heat.max() > 0 else heat


def energy(heat: Map, mask: Mask) -> float:
    """Share of the heat inside the mask; 0 without heat."""
    return float(heat[mask].sum() / max(heat.sum(), 1e-12))


def overlap(first: Mask, second: Mask) -> float:
    """Intersection over union (Jaccard); 1 for two empty masks."""
    union = (first | second).sum()
    return float((first & second).sum() / union) if union else 1.0


def dice(first: Mask, second: Mask) -> float:
    """Twice the intersection over the sum of areas; 1 for two empty masks."""
    areas = first.sum() + second.sum()
    return float(2 * (first & second).sum() / areas) if areas else 1.0


def pointing(heat: Map, mask: Mask) -> float:
    """Whether the hottest point lies on the lesion (Zhang et al. 2018, no tolerance); ties count by share."""
    return float(mask[heat == heat.max()].mean()) if heat.max() > 0 else 0.0


def best_thresholds(seen: Mapping[str, Looked], blind: Mapping[str, Map]) -> dict[str, float]:
    """For each map the share of its maximum from which it overlaps best with the masks, in the mean over ``seen``."""
    sums = {name: np.zeros(len(THRESHOLDS)) for name in MAPS}
    for one in seen.values():
        for name, heat in maps_of(one, blind).items():
            sums[name] += [overlap(heat >= threshold, one.mask) for threshold in THRESHOLDS]
    return {name: float(THRESHOLDS[found.argmax()]) for name, found in sums.items()}


def mean(values: Mapping[str, float], records: Sequence[Record], *, bootstrap: int) -> Interval:
    """The mean of values by image id, with its 95 % interval over lesions."""
    lesions = {record.image_id: record.lesion_id for record in records}
    array = np.array(list(values.values()))
    draws = resamples(numbered([lesions[image] for image in values]), bootstrap)
    return interval(float(array.mean()), [float(array[rows].mean()) for rows in draws])


def _drawn(record: Record) -> Image.Image:
    if record.mask is None:
        raise DataError(f"{record.image_id} has no drawn mask: heat is measured on releases with segmentations.")
    return read_picture(record.mask)


def _scaled(box: Box, drawn: tuple[int, int], size: tuple[int, int]) -> Box:
    """A box on the mask as a box on its picture, where the two differ in size."""
    across, down = size[0] / drawn[0], size[1] / drawn[1]
    left, top, right, bottom = box
    return round(left * across), round(top * down), round(right * across), round(bottom * down)
