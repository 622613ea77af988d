"""Is this a picture of the kind that the network learned from? A distance between features, and an energy.

distance: how far the embedding lies from the training pictures' under a Gaussian with a low-rank covariance
(probabilistic principal components: Tipping, Bishop 1999; as a detector: Lee et al. 2018). energy: -log Σ exp z of the
image's logits (Liu et al. 2020). Each is told in standard deviations of the validation side; their sum is the score,
and above the bundle's limit the picture is out of scope.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from inference.arrays import Floats, checked_floats, pack_arrays, read_arrays
from inference.manifest import ScopeSection

SCOPE_FILE = "scope.npz"
_AXES = {"mean": 1, "basis": 2, "deviation": 1, "rest": 1}


@dataclass(frozen=True)
class ScopeReport:
    """How foreign a picture is.

    Attributes:
        score: distance + energy; in scope it is around 0.
        limit: the largest score that counts as in scope.
        distance: log distance of the features, in standard deviations of the validation side; higher is farther.
        energy: energy of the image's logits, likewise; higher is less certain of any class.
    """

    score: float
    limit: float
    distance: float
    energy: float

    @property
    def inside(self) -> bool:
        """Whether the picture is of a kind that the network may judge."""
        return self.score <= self.limit


@dataclass(frozen=True)
class FeatureSpace:
    """Where the training pictures lie: mean (C,), k principal axes (k, C), their standard deviations (k,).

    rest: (1,), the variance that is left on each of the other C - k axes.
    """

    mean: Floats
    basis: Floats
    deviation: Floats
    rest: Floats

    def distance(self, embedding: Floats) -> float:
        """Mahalanobis distance over √C, so that a training picture lies at about 1; (C,) → number above 0."""
        offset = embedding.astype(np.float64) - self.mean  # (C,)
        along = self.basis.astype(np.float64) @ offset  # (k,)
        beside = max(0.0, float(offset @ offset - along @ along))  # orthonormal axes: what they do not explain
        squared = float(((along / self.deviation) ** 2).sum()) + beside / float(self.rest[0])
        return float(np.sqrt(squared / len(offset)))

    def problems(self, *, channels: int) -> list[str]:
        """Name every array that does not fit, in sentences; empty when all do."""
        axes = len(self.basis)
        shapes = {"mean": (channels,), "basis": (axes, channels), "deviation": (axes,), "rest": (1,)}
        found = [
            f"{SCOPE_FILE}: {name} has shape {getattr(self, name).shape}, not {shape}."
            for name, shape in shapes.items()
            if getattr(self, name).shape != shape
        ]
        if not found and not (self.deviation.min() > 0 and self.rest.min() > 0):
            found.append(f"{SCOPE_FILE}: deviation and rest must be above zero.")
        if not found and not np.allclose(self.basis @ self.basis.T, np.eye(axes), atol=0.01):
            found.append(f"{SCOPE_FILE}: the rows of basis are not orthonormal.")
        return found

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Read ``scope.npz``. Raises ``BundleError`` when the bytes are no such file."""
        return cls(**checked_floats(read_arrays(data, SCOPE_FILE), _AXES, SCOPE_FILE))

    def pack(self) -> bytes:
        """The bytes of ``scope.npz``; the axes in half precision, which moves a distance by less than a thousandth."""
        arrays = {name: getattr(self, name) for name in _AXES}
        return pack_arrays({**arrays, "basis": self.basis.astype(np.float16)})


def energy(image_logits: Floats) -> float:
    """-log Σ exp z over the classes, in logits; (7,) → number, low where one class is certain."""
    return -float(np.logaddexp.reduce(image_logits.astype(np.float64)))


def judge_scope(space: FeatureSpace, section: ScopeSection, embedding: Floats, image_logits: Floats) -> ScopeReport:
    """Compare one picture with the training pictures.

    Args:
        space: the bundle's ``scope.npz``.
        section: the limit, and what distance and energy are on the validation side.
        embedding: (C,) spatial means of the features.
        image_logits: (7,), the picture's part of z: metadata say nothing about the picture's kind.
    """
    distance = section.log_distance.standardised(float(np.log(space.distance(embedding))))
    doubt = section.energy.standardised(energy(image_logits))
    return ScopeReport(distance + doubt, section.limit, distance, doubt)
