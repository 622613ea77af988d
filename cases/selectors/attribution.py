"""What moved the result: the stored parts of the log-odds of malignancy, which sum to it exactly."""

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
    """Image, age, sex and site, each with its exact Shapley value; what was not told moved nothing and is left out.

    A result from before these were stored knows only the image and what was told as a whole.
    """
    parts = analysis.prediction.shapley.get("malignancy")
    if parts is None:
        return _account_of_the_whole(analysis)
    told = [(words, parts[field]) for field, words in _by_field(analysis.metadata).items() if words]
    influences = [Influence("Image", parts["image"]), *(Influence(*part) for part in told)]
    return Account(_share(parts["start"]), tuple(influences))


def _account_of_the_whole(analysis: Analysis) -> Account | None:
    """The image first, then what was told; added one after the other in the calibrated model."""
    calibration = analysis.model_version.manifest.get("calibration")
    parts = analysis.prediction.attributions
    if not calibration or not parts:
        return None
    known = [words for words in _by_field(analysis.metadata).values() if words]
    temperature = calibration["temperature_fused" if known else "temperature_image"]

    def log_odds(scores: Mapping[str, float]) -> float:
        return _log_odds({code: scores[code] / temperature + prior for code, prior in calibration["log_prior"].items()})

    image = parts["image"]
    fused = {code: image[code] + parts["metadata"][code] for code in image}
    start, seen, told = log_odds(dict.fromkeys(image, 0.0)), log_odds(image), log_odds(fused)
    influences = [Influence("Image", seen - start)]
    if known:
        influences.append(Influence(", ".join(known), told - seen))
    return Account(_share(start), tuple(influences))


def _by_field(metadata: Mapping[str, object]) -> dict[str, str]:
    """What the network knew beside the picture, in words; "" is unknown."""
    age, sex, site = (metadata.get(field) for field in ("age", "sex", "localization"))
    return {
        "age": f"Age {age:.0f}" if age is not None else "",
        "sex": f"Sex {sex}" if sex else "",
        "site": f"Site {site}" if site else "",
    }


def _share(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))


def _log_odds(scores: Mapping[str, float]) -> float:
    """The log of malignant over benign, computed without leaving the range of floats."""
    malignant = _log_sum([score for code, score in scores.items() if code in MALIGNANT])
    return malignant - _log_sum([score for code, score in scores.items() if code not in MALIGNANT])


def _log_sum(scores: list[float]) -> float:
    top = max(scores)
    return top + math.log(sum(math.exp(score - top) for score in scores))
