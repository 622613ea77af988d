"""A fixed set of df, vasc and akiec, the classes that every mean hides, with a count of its readings.

It is the rare part of one split's test side, whole lesions. A set that is looked at again and again is tuned on sooner
or later, whatever was meant; so each reading through the command ``rare`` is written down beside it, and a report says
the how-manyth it is. Commands that judge the whole test side see the same images and are not counted here.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from training.data.labels import RARE
from training.data.records import DataError, Record
from training.data.splits import LeakError, Split

PURPOSES = ("report", "release")  # tuning is none of them


@dataclass(frozen=True)
class RareSubset:
    """Image ids, and the split whose test side they are from."""

    images: tuple[str, ...]
    split_sha256: str
    scheme: str

    def digest(self) -> str:
        return hashlib.sha256("\n".join((self.split_sha256, *self.images)).encode()).hexdigest()

    def save(self, path: Path) -> None:
        """Write the subset; its record of readings begins with the first. Raises ``FileExistsError``."""
        with path.open("x") as file:
            json.dump({**asdict(self), "sha256": self.digest()}, file, indent=1)


def take(records: list[Record], split: Split) -> RareSubset:
    """The rare images of the test side. Raises ``DataError`` if a rare class is absent, ``LeakError`` if it leaks."""
    if split.leaks:
        raise LeakError(f"{split.scheme}: a rare subset is taken from a split by lesion.")
    tested = set(split.test)
    chosen = [record for record in records if record.image_id in tested and record.diagnosis in RARE]
    counts = Counter(record.diagnosis for record in chosen)
    absent = [code for code in RARE if not counts[code]]
    if absent:
        raise DataError(f"The test side has no image of {' and '.join(absent)}; take another fold or more data.")
    return RareSubset(tuple(sorted(record.image_id for record in chosen)), split.digest(), split.scheme)


def readings(path: Path) -> list[dict[str, Any]]:
    """When, for what and by which command the subset at ``path`` was read, oldest first."""
    log = _log(path)
    return [json.loads(line) for line in log.read_text().splitlines()] if log.is_file() else []


def read(path: Path, *, purpose: str, command: str) -> tuple[RareSubset, int]:
    """The subset, and the how-manyth reading this is; the reading is on disk before the images are known.

    Raises ``ValueError`` for any ``purpose`` but a report or a release, ``LeakError`` if the file was edited,
    ``DataError`` if it cannot be read.
    """
    if purpose not in PURPOSES:
        raise ValueError(f"The rare subset is read for {' or '.join(PURPOSES)}, never for {purpose}.")
    try:
        raw: dict[str, Any] = json.loads(path.read_text())
        subset, written = RareSubset(tuple(raw["images"]), raw["split_sha256"], raw["scheme"]), raw["sha256"]
    except OSError:
        raise DataError(f"{path} cannot be read; rare --split takes a subset and writes it.") from None
    except (KeyError, TypeError, ValueError):
        raise DataError(f"{path} holds no rare subset; rare --split takes one and writes it.") from None
    if subset.digest() != written:
        raise LeakError(f"{path} was edited after it was written; it is no longer the fixed subset.")
    reading = {"when": datetime.now(UTC).isoformat(timespec="seconds"), "purpose": purpose, "command": command}
    with _log(path).open("a") as file:
        file.write(json.dumps(reading) + "\n")
    return subset, len(readings(path))


def check_unseen(subset: RareSubset, records: list[Record], split: Split) -> None:
    """Raise ``LeakError`` if a lesion of ``subset`` is on the training or validation side of ``split``.

    Raises ``DataError`` when ``records`` lack an image of either.
    """
    lesion = {record.image_id: record.lesion_id for record in records}
    absent = {*subset.images, *split.train, *split.validation} - set(lesion)
    if absent:
        raise DataError(f"{len(absent)} images of the subset or the run are not in the data, {min(absent)} for one.")
    held = {lesion[image] for image in subset.images}
    seen = [image for image in (*split.train, *split.validation) if lesion[image] in held]
    if seen:
        raise LeakError(
            f"{len(seen)} photographs of the rare subset's lesions were trained or tuned on, {min(seen)} for one: "
            "score a run whose split is the subset's."
        )


def check_unseen_by(subset: RareSubset, tested: Iterable[str]) -> None:
    """The same for a bundle, which names only its test images: all of ``subset`` must be among ``tested``."""
    seen = set(subset.images) - set(tested)
    if seen:
        raise LeakError(
            f"{len(seen)} photographs of the rare subset are not among the bundle's test images, {min(seen)} for one: "
            "it may have learned them."
        )


def _log(path: Path) -> Path:
    return path.with_suffix(".readings.jsonl")
