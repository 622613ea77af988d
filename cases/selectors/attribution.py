"""What moved the result: the stored parts of the score, added one after the other in the calibrated model."""

import math
from collections.abc import Mapping
from typing import NamedTuple

from cases.models import Analysis
from inference.vocabulary import MALIGNANT


class Influence(NamedTuple):
    """A part of the input and how far it moved the log-odds of malignancy; above 0 is towards malignant."""

    label: str
    moved: float


class Account(NamedTuple):
    """From the share of malignant lesions in the training data to the result."""

    start: float
    influences: tuple[Influence, ...]


def account_of(analysis: Analysis) -> Account | None:
    """The image first, then age, sex and site together; the parts add up to the result exactly."""
    calibration = analysis.model_version.manifest.get("calibration")
    parts = analysis.prediction.attributions
    if not calibration or not parts:
        return None
    known = [str(value) for value in _told(analysis.metadata)]
    temperature = calibration["temperature_fused" if known else "temperature_image"]

    def log_odds(scores: Mapping[str, float]) -> float:
        return _log_odds({code: scores[code] / temperature + prior for code, prior in calibration["log_prior"].items()})

    image = parts["image"]
    fused = {code: image[code] + parts["metadata"][code] for code in image}
    start, seen, told = log_odds(dict.fromkeys(image, 0.0)), log_odds(image), log_odds(fused)
    influences = [Influence("Image", seen - start)]
    if known:
        influences.append(Influence(", ".join(known).capitalize(), told - seen))
    return Account(1 / (1 + math.exp(-start)), tuple(influences))


def _told(metadata: Mapping[str, object]) -> list[str]:
    """What the network knew beside the picture, in words."""
    age, sex, site = (metadata.get(field) for field in ("age", "sex", "localization"))
    said = [f"age {age:.0f}" if age is not None else None, sex, site]
    return [str(word) for word in said if word]


def _log_odds(scores: Mapping[str, float]) -> float:
    """The log of malignant over benign, computed without leaving the range of floats."""
    malignant = _log_sum([score for code, score in scores.items() if code in MALIGNANT])
    return malignant - _log_sum([score for code, score in scores.items() if code not in MALIGNANT])


def _log_sum(scores: list[float]) -> float:
    top = max(scores)
    return top + math.log(sum(math.exp(score - top) for score in scores))
