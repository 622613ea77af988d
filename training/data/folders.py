"""A folder for each class, as DermNet comes: the name of the folder is the label, a label map says what it means.

Such sets have no lesion ids, no metadata and the same picture in several places. A photograph is named by the SHA-256
of its bytes: copies fall together, and no file name (which may be a person's) reaches a split or a report.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from inference.metadata import Metadata
from training.data.labels import Reading, coded
from training.data.records import PICTURE_ENDINGS, DataError, Record

NAME = "class folders"
CITATION = "Photographs sorted into a folder for each class; whoever uses them names their source."
LICENCE = "that of the photographs, to be named by whoever uses them"
LIMITS = (
    "Class folders do not say whose skin they show, with which cameras, or how the truth was found: it is not known.",
)
LABELS: dict[str, str] = {}


def load(root: Path, reading: Reading) -> list[Record]:
    """Read each photograph below ``root``; its label is the folder in which it lies (``train/…`` and ``test/…`` too).

    Raises ``DataError`` without a label map, for a folder that it does not name, and for one picture in two classes.
    """
    if not reading.labels:
        raise DataError("Class folders need --label-map: a CSV label,code with a line for each folder.")
    files = [path for path in sorted(root.glob("*/**/*")) if path.suffix.lower() in PICTURE_ENDINGS]
    codes = coded([path.parent.name for path in files], LABELS, reading.labels)
    records: dict[str, Record] = {}
    for path, code in zip(files, codes, strict=True):
        if code is None:
            continue
        name = "IMG_" + hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        first = records.setdefault(name, _record(name, code, path))
        if first.diagnosis != code:
            raise DataError(f"{first.image} and {path} are the same picture in two classes; leave one out.")
    return list(records.values())


def _record(name: str, code: str, image: Path) -> Record:
    return Record(
        image_id=name,
        lesion_id=name,
        grouped_by="photograph",
        diagnosis=code,
        dx_type="",
        source="",
        metadata=Metadata(),
        image=image,
        mask=None,
        dataset=NAME,
    )
