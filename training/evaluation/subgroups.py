"""The same figures for parts of the people: by age, sex, site of the lesion and source of the picture.

HAM10000 holds no skin type: fairness by skin tone cannot be assessed on it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.vocabulary import UNKNOWN
from training.data.records import Record
from training.evaluation.predicted import Predicted
from training.metrics import Answers, Interval, binary_auc, interval, rate, resamples

AGE_BANDS = ((0, 30), (30, 45), (45, 60), (60, 75), (75, 130))  # years, the upper bound belongs to the next band


def age_band(record: Record) -> str:
    """Such as '45–59'; 'unknown' where no age is recorded."""
    age = record.metadata.age
    if age is None:
        return UNKNOWN
    low, high = next(band for band in AGE_BANDS if band[0] <= age < band[1])
    return f"{low} and over" if high == AGE_BANDS[-1][1] else f"{low}–{high - 1}"


GROUPINGS: dict[str, Callable[[Record], str]] = {
    "age": age_band,
    "sex": lambda record: record.metadata.sex or UNKNOWN,
    "site": lambda record: record.metadata.localization or UNKNOWN,
    "source": lambda record: record.source or UNKNOWN,
}


def subgroups(predicted: Predicted, records: list[Record], *, bootstrap: int = 1000) -> dict[str, dict[str, Any]]:
    """By grouping and group: n, and each figure with its interval over lesions, or None where it has no rows.

    ``records`` are those of ``predicted``, row for row. Figures: ROC AUC of malignant against benign; sensitivity and
    specificity at the flag threshold; the share named rightly (p/prior).
    """
    found: dict[str, dict[str, Any]] = {}
    for grouping, of in GROUPINGS.items():
        names = np.array([of(record) for record in records])
        found[grouping] = {
            name: _figures(predicted, np.flatnonzero(names == name), bootstrap) for name in np.unique(names).tolist()
        }
    return found


def _figures(predicted: Predicted, rows: NDArray[np.int64], bootstrap: int) -> dict[str, Any]:
    a, flagged = predicted.answers.take(rows), predicted.flagged[rows]
    found: dict[str, Interval | None] = {
        "malignant_auc": _auc(a, bootstrap),
        "malignant_sensitivity (flag)": _share(flagged, a.lesion, a.malignant, bootstrap),
        "benign_specificity (flag)": _share(~flagged, a.lesion, ~a.malignant, bootstrap),
        "accuracy (p/prior)": rate(a.guess("p/prior") == a.target, a.lesion, bootstrap=bootstrap),
    }
    counts = {
        "n_images": len(rows),
        "n_lesions": len(np.unique(a.lesion)),
        "n_malignant": int(a.malignant.sum()),
        "n_malignant_lesions": len(np.unique(a.lesion[a.malignant])),
    }
    return {**counts, **{name: asdict(value) if value else None for name, value in found.items()}}


def _share(
    hits: NDArray[np.bool_], lesion: NDArray[np.int64], of: NDArray[np.bool_], bootstrap: int
) -> Interval | None:
    return rate(hits[of], lesion[of], bootstrap=bootstrap) if of.any() else None


def _auc(a: Answers, bootstrap: int) -> Interval | None:
    value = binary_auc(a.malignant, a.malignancy)
    if np.isnan(value):
        return None
    return interval(value, [binary_auc(a.malignant[r], a.malignancy[r]) for r in resamples(a.lesion, bootstrap)])
