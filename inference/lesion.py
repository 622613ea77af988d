"""Where the lesion ends, to the pixel: the network's coarse mask, sharpened by the colours that it separates.

The network looks at cells of some sixteen pixels. Two normal distributions of colour, one inside its mask and one
outside, say of each pixel which side it resembles (the two-class model behind GrabCut, Rother et al. 2004, without its
cuts); the mask's own logit stays the prior. All steps are symmetric, so a turned picture has the turned outline.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inference.head import Floats

Mask = NDArray[np.bool_]

_COLOUR_WEIGHT = 0.5
_MOST_EVIDENCE = 4.0  # nats that one pixel's colour may bring, so that a hair or a glare cannot outvote the prior
_REACH = 2  # pixels on each side that a pixel's evidence is averaged over
_SPREAD = 9.0  # grey levels squared, added to each variance: a drawn picture of one colour has none


def lesion_mask(pixels: NDArray[np.uint8], mask_logits: Floats) -> Mask:
    """Refine a mask to the picture's own resolution.

    Args:
        pixels: (H, W, 3) uint8 RGB, as the network saw them.
        mask_logits: (h, w), the network's mask on its grid.

    Returns:
        (H, W) bool; empty where the network's own mask is.
    """
    height, width = pixels.shape[:2]
    coarse = np.asarray(mask_logits, dtype=np.float32)
    prior = np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))
    inside = prior > 0
    if not (coarse > 0).any() or not inside.any() or inside.all():
        return np.asarray(inside & (coarse > 0).any())
    evidence = _log_ratio(pixels.reshape(-1, 3).astype(np.float32), inside.ravel()).reshape(height, width)
    return np.asarray(prior + _COLOUR_WEIGHT * _averaged(evidence, _REACH) > 0)


def _log_ratio(colours: Floats, inside: Mask) -> Floats:
    """(N, 3) → (N,): log density of a colour among those inside, less that among those outside."""
    ratio = _log_density(colours, colours[inside]) - _log_density(colours, colours[~inside])
    return np.asarray(np.clip(ratio, -_MOST_EVIDENCE, _MOST_EVIDENCE))


def _log_density(colours: Floats, sample: Floats) -> Floats:
    mean = sample.mean(axis=0)
    centred = sample - mean
    covariance = centred.T @ centred / len(sample) + _SPREAD * np.eye(3, dtype=np.float32)
    factor = np.linalg.cholesky(np.linalg.inv(covariance)).astype(np.float32)
    whitened = (colours - mean) @ factor
    return np.asarray(np.log(factor.diagonal()).sum() - 0.5 * (whitened**2).sum(axis=1), dtype=np.float32)


def _averaged(values: Floats, reach: int) -> Floats:
    """Mean over a square of 2·reach + 1 pixels, edges repeated."""
    size = 2 * reach + 1
    for axis in (0, 1):
        pad = [(reach + 1, reach) if axis == i else (0, 0) for i in (0, 1)]
        summed = np.pad(values, pad, mode="edge").cumsum(axis=axis, dtype=np.float64)
        length = summed.shape[axis]
        upper, lower = (np.take(summed, range(*span), axis) for span in ((size, length), (0, length - size)))
        values = ((upper - lower) / size).astype(np.float32)
    return values
