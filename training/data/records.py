"""What every loader gives: one record a photograph, and one error for data that are not what they are said to be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from inference.metadata import Metadata

PICTURE_ENDINGS = (".jpg", ".jpeg", ".png")


class DataError(ValueError):
    """The data on disk are not what they are said to be."""


@dataclass(frozen=True)
class Record:
    """One photograph. ``dx_type`` (how the truth was found) is kept for reports and is never an input.

    ``dataset`` names the release, ``source`` the camera or clinic within it, where the release says. ``age_recorded``
    is what the release writes where that is no age (HAM10000: 0), for the report's preparation alone. ``grouped_by``
    is what ``lesion_id`` stands for: a 'lesion', a 'patient', or (where the release names neither) the 'photograph'.
    """

    image_id: str
    lesion_id: str
    diagnosis: str
    dx_type: str
    source: str
    metadata: Metadata
    image: Path
    mask: Path | None
    dataset: str = ""
    age_recorded: float | None = None
    grouped_by: str = "lesion"


def grouping(records: Sequence[Record]) -> str:
    """What photographs are held together by, in words that a split and a report quote; near-duplicates always are."""
    kinds = Counter(record.grouped_by for record in records)
    if len(kinds) <= 1:
        return next(iter(kinds), "lesion")
    named = "; ".join(f"{kind} {count / len(records):.0%}" for kind, count in kinds.most_common())
    return f"lesion where one is named ({named})"


def patient(name: str, *, age: str, sex: str, localization: str) -> Metadata:
    """The three fields as text → ``Metadata``. Raises ``DataError`` that names the photograph ``name``.

    Age 0 stands for "not recorded" in these releases (adults by their lesions), as does an empty field.
    """
    try:
        known = Metadata.parse(age=age, sex=sex, localization=localization)
    except ValueError as error:
        raise DataError(f"{name}: {error}") from None
    return known if known.age else Metadata(None, known.sex, known.localization)


def pictures_under(root: Path) -> dict[str, Path]:
    """Every photograph in ``root`` and below by its name without the ending; masks are none.

    Raises ``DataError`` when one name stands for two files.
    """
    found: dict[str, Path] = {}
    for path in sorted(root.rglob("*")):
        if path.suffix.lower() not in (".jpg", ".jpeg", ".png") or path.stem.endswith(
            ("_segmentation", "_superpixels")
        ):
            continue
        if path.stem in found:
            raise DataError(f"{path.name} is there twice: {found[path.stem]} and {path}.")
        found[path.stem] = path
    return found
