"""What becomes of rows with unknown age or sex: kept and said to be unknown, or treated as the report did.

By default nothing is dropped or filled in: an unknown age is its own indicator, and the number beside it is the median
of the training side alone (``MetadataEncoding`` centres ages on it). The report's code takes a mean over the whole set,
test side and recorded zeros included, and drops rows; its preparation is kept so that the difference can be measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from statistics import mean, median

import numpy as np
from numpy.typing import NDArray

from inference.metadata import MetadataEncoding
from training.data.records import DataError, Record

MODES = {
    "keep": "keep all rows; unknown age, sex or site is unknown",
    "mean-age": "keep all rows; a missing age becomes the mean of the whole set, cut to whole years",
    "report": "as mean-age, but rows of unknown sex or with an age of 0 are dropped",
}
NO_AGE = 50.0  # years; where no age at all is known


@dataclass(frozen=True)
class Cleaned:
    """Records after cleaning, and how many rows each step touched."""

    records: list[Record]
    changes: dict[str, int] = field(default_factory=dict)
    filled_age: int | None = None


def clean(records: list[Record], mode: str) -> Cleaned:
    """Apply one of ``MODES``. Raises ``DataError`` for another name, or where there is no age to take a mean of."""
    if mode not in MODES:
        raise DataError(f"There is no cleaning {mode!r}; choose of {', '.join(MODES)}.")
    if mode == "keep":
        return Cleaned(records)
    recorded = [age for age in map(_recorded_age, records) if age is not None]
    if not recorded:
        raise DataError(f"The cleaning {mode!r} needs ages, and no row has one.")
    age = int(mean(recorded))
    missing = "age missing, filled in"
    if mode == "mean-age":
        filled = [_with_age(record, age) if record.metadata.age is None else record for record in records]
        return Cleaned(filled, {missing: sum(record.metadata.age is None for record in records)}, age)
    known_sex = [record for record in records if record.metadata.sex is not None]
    kept = [record for record in known_sex if _recorded_age(record) != 0]
    changes = {
        "sex unknown, dropped": len(records) - len(known_sex),
        "age 0, dropped": len(known_sex) - len(kept),
        missing: sum(record.metadata.age is None for record in kept),
    }
    return Cleaned([_with_age(r, age) if r.metadata.age is None else r for r in kept], changes, age)


def median_age(records: Sequence[Record]) -> float:
    """Median of the known ages in years: given the training side alone, no other row can change it."""
    ages = [record.metadata.age for record in records if record.metadata.age is not None]
    return float(median(ages)) if ages else NO_AGE


def encoded(records: Sequence[Record], encoding: MetadataEncoding) -> NDArray[np.float32]:
    """Metadata of each record as a network sees them, float32 (N, D)."""
    return np.stack([encoding.encode(record.metadata) for record in records])


def _recorded_age(record: Record) -> float | None:
    """As the release writes it: 0 where that is what stands there."""
    return record.metadata.age if record.age_recorded is None else record.age_recorded


def _with_age(record: Record, age: float) -> Record:
    return replace(record, metadata=replace(record.metadata, age=float(age)))
