"""NIQE (Mittal et al. 2013): how far a picture's patches lie from those of pristine ones; lower is better.

The pristine model here is fitted on dermoscopic photographs of a training side, not on the landscapes of the published
one, so its numbers compare with each other and with no published table.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.data.records import DataError
from training.synthesis.natural_scenes import Floats, brisque_features, patch_features

SIDE = 48  # pixels: twelve patches of 200×150, which is what the reduced release has
SHARP = 0.75  # of the sharpest patch of its picture; only such patches are pristine


@dataclass(frozen=True)
class Pristine:
    """Gaussians of NIQE's patches and of BRISQUE's whole pictures: means (36,) and covariances (36,36)."""

    mean: Floats
    covariance: Floats
    brisque_mean: Floats
    brisque_covariance: Floats
    side: int = SIDE

    def niqe(self, image: NDArray[np.uint8]) -> float:
        """NIQE of an RGB picture uint8 (H,W,3), 0 or more. Raises ``ValueError`` where it is smaller than a patch."""
        numbers, _ = patch_features(image, self.side)
        covariance = np.cov(numbers, rowvar=False) if len(numbers) > 1 else np.zeros_like(self.covariance)
        return _distance(numbers.mean(0) - self.mean, (self.covariance + covariance) / 2)

    def brisque(self, image: NDArray[np.uint8]) -> float:
        """Mahalanobis distance of BRISQUE's features from those of pristine pictures, 0 or more; about 6 is usual."""
        return _distance(brisque_features(image) - self.brisque_mean, self.brisque_covariance)

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            np.savez(
                file,
                mean=self.mean,
                covariance=self.covariance,
                brisque_mean=self.brisque_mean,
                brisque_covariance=self.brisque_covariance,
                side=self.side,
            )

    @classmethod
    def load(cls, path: Path) -> Pristine:
        """Read what ``save`` wrote. Raises ``DataError`` where there is none."""
        try:
            with np.load(path, allow_pickle=False) as held:
                named = {name: held[name] for name in held.files}
            return cls(**{**named, "side": int(named["side"])})
        except (OSError, KeyError, TypeError, ValueError):
            raise DataError(f"{path} holds no pristine model; fit one on the training side.") from None


def fit_pristine(images: Iterable[NDArray[np.uint8]], side: int = SIDE) -> Pristine:
    """Fit on RGB pictures uint8 (H,W,3), those of the training side alone. Raises ``ValueError`` for fewer than two."""
    patches, whole = [], []
    for image in images:
        numbers, sharpness = patch_features(image, side)
        patches.append(numbers[sharpness > SHARP * sharpness.max()])
        whole.append(brisque_features(image))
    if len(whole) < 2:
        raise ValueError("A pristine model needs two pictures or more.")
    sharp, features = np.concatenate(patches), np.stack(whole)
    return Pristine(sharp.mean(0), np.cov(sharp, rowvar=False), features.mean(0), np.cov(features, rowvar=False), side)


def _distance(offset: Floats, covariance: Floats) -> float:
    return float(np.sqrt(max(0.0, float(offset @ np.linalg.pinv(covariance) @ offset))))
