"""The manifest: everything that a model's weights mean, read from ``manifest.json`` into frozen values.

The reader (``inference.manifest_reader``) is strict about what it uses and keeps what it does not know:
``Manifest.document`` is the whole JSON object, so that a page can show fields which this version never
reads.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from inference.metadata import Metadata, MetadataEncoding

SCHEMA_VERSION = 1
ASPECT_POLICY = "rotate-portrait, centre-crop"
INTERPOLATIONS = ("bilinear", "bicubic", "lanczos")

SetRule = Literal["likeliest-always", "limits-first"]
FIRST_SET_RULE: Final = "likeliest-always"  # of bundles that name none: they were calibrated before there was another


@dataclass(frozen=True)
class InputSpec:
    """How pixels become the network's input; frozen with the weights.

    height and width in pixels; mean and std per RGB channel on the 0 to 1 scale.
    """

    height: int
    width: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    interpolation: str
    image_types: tuple[str, ...]


@dataclass(frozen=True)
class Calibration:
    """Temperatures of the two paths and the log prior of each diagnosis in the training data."""

    temperature_fused: float
    temperature_image: float
    log_prior: Mapping[str, float]


@dataclass(frozen=True)
class Rate:
    """A share between 0 and 1 with its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class OperatingPoint:
    """A malignancy threshold (0 to 1) and what it stands for on the thresholds' split."""

    threshold: float
    sensitivity: Rate
    specificity: Rate


@dataclass(frozen=True)
class Thresholds:
    """The flag threshold, the table it was chosen from, and the largest set that still says something.

    ``melanoma_sensitivity`` is the share of melanomas at or above the flag threshold; None where the bundle does not
    state it.
    """

    split: str
    malignancy: OperatingPoint
    operating_points: tuple[OperatingPoint, ...]
    max_set_size: int
    melanoma_sensitivity: Rate | None = None


@dataclass(frozen=True)
class Conformal:
    """Class-conditional quantiles: a class enters the set when 1 - p is at most its quantile.

    ``rule`` says when the likeliest class belongs to the set beyond its quantile (``uncertainty.prediction_set``).
    """

    alpha: float
    fused: Mapping[str, float]
    image: Mapping[str, float]
    rule: SetRule


@dataclass(frozen=True)
class Spread:
    """Mean and standard deviation of a number over the validation side."""

    mean: float
    deviation: float

    def standardised(self, value: float) -> float:
        """How many standard deviations ``value`` lies above the mean."""
        return (value - self.mean) / self.deviation


@dataclass(frozen=True)
class ScopeSection:
    """How ``scope.npz`` is read (see ``inference.scope``): the largest score in scope, and what its parts are there."""

    limit: float
    log_distance: Spread
    energy: Spread


@dataclass(frozen=True)
class SelfCheck:
    """One stored answer: the logits that the seeded input must give (see ``inference.conformance``)."""

    seed: int
    metadata: Metadata
    logits: Mapping[str, float]


@dataclass(frozen=True)
class FileEntry:
    """What a listed file must be: SHA-256 in hex and length in bytes."""

    sha256: str
    size: int


@dataclass(frozen=True)
class Manifest:
    """A bundle's manifest; ``inference.manifest_reader.read_manifest`` builds it.

    ``scope`` is None where the bundle cannot tell what it has never seen.
    """

    name: str
    version: str
    created: str
    labels: tuple[str, ...]
    input: InputSpec
    metadata_encoding: MetadataEncoding
    calibration: Calibration
    thresholds: Thresholds
    conformal: Conformal
    training_data: Mapping[str, Any]
    licence: str
    card: str
    self_check: tuple[SelfCheck, ...]
    files: Mapping[str, FileEntry]
    scope: ScopeSection | None
    document: Mapping[str, Any]

    @property
    def sha256(self) -> str:
        """The bundle's own SHA-256: over the canonical manifest, which holds each file's hash."""
        return hashlib.sha256(canonical_json(self.document)).hexdigest()


def canonical_json(document: Mapping[str, Any]) -> bytes:
    """One byte string per meaning: sorted keys, no spaces, UTF-8, no NaN."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()
