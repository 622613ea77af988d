"""From the words of a data set to the seven codes, and nothing passed over in silence."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from inference.vocabulary import DIAGNOSES
from training.data.records import DataError

RARE: Final = ("df", "vasc", "akiec")  # of HAM10000, fewest first: what reports lead with

Codes = Mapping[str, str | None]  # label in any case → code, or None: leave its photographs out


@dataclass(frozen=True)
class Reading:
    """How to read a source. ``labels`` comes from the user and goes before the source's own map."""

    expect_full: bool = True
    labels: Codes = field(default_factory=dict)


def coded(labels: Sequence[str], own: Codes, given: Codes) -> list[str | None]:
    """The code of each label, None where it is to be left out; upper and lower case are one.

    Raises ``DataError`` with every label that neither map knows and how many photographs carry it.
    """
    known = {_plain(label): code for label, code in [*own.items(), *given.items()]}
    unmapped = Counter(label for label in labels if _plain(label) not in known)
    if unmapped:
        listed = ", ".join(f"{label!r} ({count} images)" for label, count in sorted(unmapped.items()))
        raise DataError(
            f"These labels have no code among {', '.join(DIAGNOSES)}: {listed}. Leave them out with --exclude-label, "
            "or map them with --label-map."
        )
    return [known[_plain(label)] for label in labels]


def read_label_map(path: Path) -> dict[str, str | None]:
    """Read a CSV with the columns ``label,code``; an empty code leaves the label's photographs out.

    Raises ``DataError`` for a missing column, a code that is none of the seven, or a label that stands twice.
    """
    if not path.is_file():
        raise DataError(f"{path} is missing: a label map is a CSV with the columns label,code.")
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        if not {"label", "code"} <= set(reader.fieldnames or ()):
            raise DataError(f"{path}: a label map has the columns label,code.")
        rows = [(row["label"].strip(), (row["code"] or "").strip()) for row in reader]
    foreign = sorted({code for _, code in rows if code and code not in DIAGNOSES})
    if foreign:
        raise DataError(f"{path}: {', '.join(foreign)} is none of the codes {', '.join(DIAGNOSES)}.")
    twice = [label for label, count in Counter(_plain(label) for label, _ in rows).items() if count > 1]
    if twice:
        raise DataError(f"{path}: {twice[0]!r} is mapped twice.")
    return {label: code or None for label, code in rows}


def _plain(label: str) -> str:
    return label.strip().casefold()
