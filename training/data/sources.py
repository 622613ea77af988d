"""Every data set that the pipeline reads: how, under which licence, and which of its labels are which codes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from inference.vocabulary import CLOSE_UP, DERMOSCOPIC, DIAGNOSES
from training.data import folders, ham10000, isic, pad_ufes_20
from training.data.labels import Reading
from training.data.records import DataError, Record, grouping


@dataclass(frozen=True)
class Source:
    """A loader with what must travel with its photographs: name, citation, licence, the map of its labels, its limits.

    ``limits`` are sentences for every report and card: whose skin it is, and how the truth was found.

    ``load`` raises ``DataError`` for a label without a code, with the label and the number of photographs.
    """

    name: str
    citation: str
    licence: str
    labels: Mapping[str, str]
    load: Callable[[Path, Reading], list[Record]]
    limits: tuple[str, ...]
    image_types: tuple[str, ...] = (DERMOSCOPIC,)

    @property
    def terms(self) -> str:
        """What weights that were trained on these photographs must carry along."""
        limit = "; non-commercial use only" if "NC" in self.licence else ""
        return f"{self.licence}, with attribution to {self.name}{limit}"


def _ham10000(root: Path, reading: Reading) -> list[Record]:
    if reading.labels:
        raise DataError("HAM10000's labels are the seven codes; --label-map and --exclude-label are for other sources.")
    return ham10000.load(root, expect_full=reading.expect_full)


SOURCES: dict[str, Source] = {
    "ham10000": Source(
        ham10000.NAME,
        ham10000.CITATION,
        ham10000.LICENCE,
        {code: code for code in DIAGNOSES},
        _ham10000,
        ham10000.LIMITS,
    ),
    "isic": Source(isic.NAME, isic.CITATION, isic.LICENCE, isic.LABELS, isic.load, isic.LIMITS),
    "pad-ufes-20": Source(
        pad_ufes_20.NAME,
        pad_ufes_20.CITATION,
        pad_ufes_20.LICENCE,
        pad_ufes_20.LABELS,
        pad_ufes_20.load,
        pad_ufes_20.LIMITS,
        (CLOSE_UP,),
    ),
    "folders": Source(
        folders.NAME, folders.CITATION, folders.LICENCE, folders.LABELS, folders.load, folders.LIMITS, (CLOSE_UP,)
    ),
}
_GROUPED = {
    "lesion": (),
    "patient": ("What is called a lesion here is a patient: all of one person stand together, intervals draw people.",),
    "photograph": (
        "No lesion is named: what is called a lesion here is one photograph, near-duplicates apart.",
        "Where several photographs show one lesion it may stand on two sides of a split, and intervals are too narrow.",
    ),
}


def named(name: str) -> Source | None:
    """The source that is called ``name`` in a bundle's manifest, or None."""
    return next((source for source in SOURCES.values() if source.name == name), None)


def limits_of(source: Source, records: Sequence[Record]) -> tuple[str, ...]:
    """What figures from ``records`` of ``source`` cannot say, whatever the network."""
    held = grouping(records)
    return *source.limits, *_GROUPED.get(held, (f"Photographs are held together by {held}.",))


def load(name: str, root: Path, reading: Reading) -> list[Record]:
    """The records of the source ``name`` under ``root``. Raises ``DataError`` when none is left."""
    records = SOURCES[name].load(root, reading)
    if not records:
        raise DataError(f"No photograph of {SOURCES[name].name} is left to work with in {root}.")
    return records
