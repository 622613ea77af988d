"""From balanced scores to calibrated probabilities.

The network is trained to a balanced score z. Its arg-max decides "p over prior"; adding the log prior of
the population gives the probability that is shown and that risk is computed from.
"""

import numpy as np
from numpy.typing import NDArray

from inference.manifest import Manifest

Scores = NDArray[np.float64]


def probabilities(logits: NDArray[np.float32], manifest: Manifest, *, fused: bool) -> Scores:
    """p = softmax(z / T + log prior), (7,) float64 in the order of the labels.

    Args:
        logits: z, (7,) in the order of the labels.
        manifest: holds the prior and a temperature for each path.
        fused: whether any metadata was known (Guo et al. 2017 for the temperature itself).
    """
    log_prior = np.array([manifest.calibration.log_prior[code] for code in manifest.labels])
    return _softmax(_tempered(logits, manifest, fused=fused) + log_prior)


def balanced_scores(logits: NDArray[np.float32], manifest: Manifest, *, fused: bool) -> Scores:
    """p over prior, scaled to sum to 1: softmax(z / T), (7,) float64."""
    return _softmax(_tempered(logits, manifest, fused=fused))


def _tempered(logits: NDArray[np.float32], manifest: Manifest, *, fused: bool) -> Scores:
    calibration = manifest.calibration
    temperature = calibration.temperature_fused if fused else calibration.temperature_image
    return logits.astype(np.float64) / temperature


def _softmax(scores: Scores) -> Scores:
    weights = np.exp(scores - scores.max())
    return np.asarray(weights / weights.sum(), dtype=np.float64)
