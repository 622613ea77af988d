"""What a data set holds, counted: classes, sources, photographs a lesion, and what is not known of whom."""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from inference.vocabulary import UNKNOWN
from training.data.records import Record
from training.data.splits import Twins
from training.metrics import RARE_FIRST

FIELDS: dict[str, Callable[[Record], bool]] = {
    "age": lambda record: record.metadata.age is None,
    "sex": lambda record: record.metadata.sex is None,
    "localization": lambda record: record.metadata.localization is None,
    "mask": lambda record: record.mask is None,
    "how the truth was found": lambda record: not record.dx_type,
}
AGE_BIN = 5  # years: HAM10000's ages are multiples of it


def describe(records: list[Record]) -> dict[str, Any]:
    """Every count of ``records`` as plain values; tables by class name df, vasc and akiec first."""
    photos = Counter(record.lesion_id for record in records)
    classes = by_class(records)
    return {
        "images": len(records),
        "lesions": len(photos),
        "lesions_with_more_than_one_image": sum(count > 1 for count in photos.values()),
        "photographs_per_lesion": dict(sorted(Counter(photos.values()).items())),
        "lesions_from_two_sources": lesions_from_two_sources(records),
        "classes": classes,
        "majority_class": max(classes, key=lambda code: classes[code]),
        "majority_class_accuracy": max(classes.values()) / len(records),
        "effective_number_of_classes": effective_number(classes.values()),
        "sources": _tally(record.source or UNKNOWN for record in records),
        "sexes": _tally(record.metadata.sex or UNKNOWN for record in records),
        "sites": _tally(record.metadata.localization or UNKNOWN for record in records),
        "ages": ages(records),
        "truth_found_by": _tally(record.dx_type or UNKNOWN for record in records),
        "unknown": {field: sum(map(lacks, records)) for field, lacks in FIELDS.items()},
        "site_by_class": crossed(records, lambda record: record.metadata.localization or UNKNOWN),
        "source_by_class": crossed(records, lambda record: record.source or UNKNOWN),
        "truth_by_class": crossed(records, lambda record: record.dx_type or UNKNOWN),
    }


def by_class(records: Iterable[Record]) -> dict[str, int]:
    """Images of each class, rare classes first."""
    counts = Counter(record.diagnosis for record in records)
    return {code: counts[code] for code in RARE_FIRST}


def effective_number(counts: Iterable[int]) -> float:
    """exp of the Shannon entropy: how many classes of equal size would be as uncertain (Hill number of order 1)."""
    present = [count for count in counts if count]
    total = sum(present)
    return math.exp(-sum(count / total * math.log(count / total) for count in present))


def lesions_from_two_sources(records: list[Record]) -> int:
    pairs = {(record.lesion_id, record.source) for record in records}
    return sum(count > 1 for count in Counter(lesion for lesion, _ in pairs).values())


def ages(records: list[Record]) -> dict[str, int]:
    """Images by age in years, by the lower edge of five-year bins; unknown last."""
    known = [record.metadata.age for record in records if record.metadata.age is not None]
    bins = Counter(int(age // AGE_BIN) * AGE_BIN for age in known)
    filled = {str(age): bins[age] for age in range(min(bins), max(bins) + 1, AGE_BIN)} if bins else {}
    return {**filled, UNKNOWN: len(records) - len(known)}


def crossed(records: list[Record], value: Callable[[Record], str]) -> dict[str, dict[str, int]]:
    """Images by ``value`` and class, the commonest value first and unknown last."""
    groups: dict[str, list[Record]] = {name: [] for name in _tally(map(value, records))}
    for record in records:
        groups[value(record)].append(record)
    return {name: by_class(members) for name, members in groups.items()}


def _tally(values: Iterable[str]) -> dict[str, int]:
    counts = Counter(values)
    return {name: counts[name] for name in sorted(counts, key=lambda name: (name == UNKNOWN, -counts[name], name))}


def pair_counts(records: list[Record], pairs: Twins) -> dict[str, int]:
    """How many of ``pairs`` (record indexes) show one lesion, two lesions, or two lesions of different class."""
    others = [(records[a], records[b]) for a, b in pairs if records[a].lesion_id != records[b].lesion_id]
    return {
        "of one lesion": len(pairs) - len(others),
        "of two lesions": len(others),
        "of two diagnoses": sum(a.diagnosis != b.diagnosis for a, b in others),
    }


def ages_as_written(table: Path) -> dict[str, int]:
    """How ``HAM10000_metadata.csv`` writes an age that is not known: rows with an empty field, and with 0."""
    with table.open(newline="") as file:
        empty = sum(not row["age"] for row in csv.DictReader(file))
    return {"empty": empty, "zero": len(images_of_age_zero(table))}


def images_of_age_zero(table: Path) -> set[str]:
    """Images whose age ``HAM10000_metadata.csv`` writes as 0."""
    with table.open(newline="") as file:
        return {row["image_id"] for row in csv.DictReader(file) if row["age"] and float(row["age"]) == 0}
