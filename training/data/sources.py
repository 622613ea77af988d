"""Every data set that the pipeline reads: how, under which licence, and which of its labels are which codes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from inference.vocabulary import CLOSE_UP, DERMOSCOPIC, DIAGNOSES
from training.data import folders, ham10000, isic, pad_ufes_20
from training.data.labels import Reading
from training.data.records import DataError, Record


@dataclass(frozen=True)
class Source:
    """A loader with what must travel with its photographs: name, citation, licence, and the map of its labels.

    ``load`` raises ``DataError`` for a label without a code, with the label and the number of photographs.
    """

    name: str
    citation: str
    licence: str
    labels: Mapping[str, str]
    load: Callable[[Path, Reading], list[Record]]
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
        ham10000.NAME, ham10000.CITATION, ham10000.LICENCE, {code: code for code in DIAGNOSES}, _ham10000
    ),
    "isic": Source(isic.NAME, isic.CITATION, isic.LICENCE, isic.LABELS, isic.load),
    "pad-ufes-20": Source(
        pad_ufes_20.NAME, pad_ufes_20.CITATION, pad_ufes_20.LICENCE, pad_ufes_20.LABELS, pad_ufes_20.load, (CLOSE_UP,)
    ),
    "folders": Source(folders.NAME, folders.CITATION, folders.LICENCE, folders.LABELS, folders.load, (CLOSE_UP,)),
}


def load(name: str, root: Path, reading: Reading) -> list[Record]:
    """The records of the source ``name`` under ``root``. Raises ``DataError`` when none is left."""
    records = SOURCES[name].load(root, reading)
    if not records:
        raise DataError(f"No photograph of {SOURCES[name].name} is left to work with in {root}.")
    return records
