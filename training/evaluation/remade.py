"""Answers that were stored, as another bundle with the same weights gives them: sets and abstentions are made anew."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.bundle import Bundle
from inference.vocabulary import DIAGNOSES
from training.data.records import DataError, Record
from training.evaluation.calibration import Floats, probabilities
from training.evaluation.fitted import PATHS, prediction_sets
from training.evaluation.predicted import Predicted, read_predictions

_BY_SET = "set_too_large"
_ROUNDED = 2e-5  # six decimals of each score and each p are stored


def predict_from(
    bundle: Bundle, file: Path, records: Sequence[Record]
) -> tuple[dict[str, Predicted], dict[str, dict[str, Any]]]:
    """What ``bundle`` says of ``records`` by path, from the ``predictions.csv`` of one with its weights.

    No network runs. Returns, as ``predict_served`` does, the answers, how often the bundle abstains and why. Raises
    ``DataError`` when the file answers other photographs, or when its p are not those that the bundle makes of its
    scores.
    """
    encode = bundle.manifest.metadata_encoding.encode
    told = {record.image_id: bool(encode(record.metadata).any()) for record in records}
    paths = {path: _remade(bundle, file, path, told) for path in PATHS}
    return paths, {path: {"abstained": dict(Counter(filter(None, one.reasons)))} for path, one in paths.items()}


def _remade(bundle: Bundle, file: Path, path: str, told: Mapping[str, bool]) -> Predicted:
    rows, manifest = read_predictions(file, path), bundle.manifest
    if set(rows.images) != set(told):
        raise DataError(f"{file} answers other photographs than this side of the split has.")
    # A photograph of which nothing is known is answered from the picture alone, on either path.
    fused = np.array([path == "fused" and told[image] for image in rows.images])
    calibration, conformal, p = manifest.calibration, manifest.conformal, rows.answers.p
    log_prior = _in_order(calibration.log_prior)
    temperature = np.where(fused, calibration.temperature_fused, calibration.temperature_image)[:, None]
    if np.abs(probabilities(rows.answers.scores / temperature, 1.0, log_prior) - p).max() > _ROUNDED:
        raise DataError(f"{file} holds answers of another bundle: this one makes other p of the same scores.")
    limits = np.where(fused[:, None], _in_order(conformal.fused), _in_order(conformal.image))
    sets = prediction_sets(p, limits, conformal.rule)
    too_large = sets.sum(axis=1) > manifest.thresholds.max_set_size
    kept = ("" if reason == _BY_SET else reason for reason in _reasons(file, path))
    return Predicted(
        images=rows.images,
        lesions=rows.lesions,
        answers=rows.answers,
        uncalibrated=probabilities(rows.answers.scores, 1.0, log_prior),
        sets=sets,
        flagged=rows.answers.malignancy >= manifest.thresholds.malignancy.threshold,
        reasons=tuple(reason or (_BY_SET if large else "") for reason, large in zip(kept, too_large, strict=True)),
    )


def _in_order(by_code: Mapping[str, float]) -> Floats:
    values: NDArray[np.float64] = np.array([by_code[code] for code in DIAGNOSES])
    return values


def _reasons(file: Path, path: str) -> list[str]:
    with file.open(newline="") as opened:
        return [row["abstain_reason"] for row in csv.DictReader(opened) if row["path"] == path]
