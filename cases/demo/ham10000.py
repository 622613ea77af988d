"""Real cases from a HAM10000 folder, with their metadata; what the lesion turned out to be stays out of the clinic."""

import csv
from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import date
from hashlib import sha256
from pathlib import Path

from cases.demo.filing import DemoCase, years_ago
from cases.errors import InvalidInput
from inference.metadata import Metadata

METADATA_FILE = "HAM10000_metadata.csv"


def ham10000_cases(
    folder: Path, *, count: int, today: date, unseen: Collection[str] = frozenset()
) -> Iterator[DemoCase]:
    """`count` lesions, every diagnosis in turn, always the same ones for the same folder.

    `unseen` are image ids that the network was not trained on. They come first: an answer about a picture that it
    learned by heart would flatter it.
    """
    rows = _one_row_per_lesion(folder / METADATA_FILE)
    pictures = {path.stem: path for path in folder.rglob("ISIC_*.jpg")}
    usable = [row for row in rows if row["image_id"] in pictures]
    fresh = [row for row in usable if row["image_id"] in unseen]
    rest = [row for row in usable if row["image_id"] not in unseen]
    chosen = [*_every_diagnosis_in_turn(fresh), *_every_diagnosis_in_turn(rest)][:count]
    if not chosen:
        raise InvalidInput({"data": f"No image of {METADATA_FILE} lies in {folder}."})
    for row in chosen:
        yield _case(row, pictures[row["image_id"]], today)


def _one_row_per_lesion(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(newline="") as file:
            rows = sorted(csv.DictReader(file), key=lambda row: row["image_id"])
    except (OSError, KeyError) as error:
        raise InvalidInput({"data": f"There is no readable {METADATA_FILE} in {path.parent}."}) from error
    return list({row["lesion_id"]: row for row in reversed(rows)}.values())


def _every_diagnosis_in_turn(rows: list[dict[str, str]]) -> Iterator[dict[str, str]]:
    by_diagnosis: dict[str, list[dict[str, str]]] = defaultdict(list)
    # A hash is an order that means nothing, and is the same everywhere.
    for row in sorted(rows, key=lambda row: sha256(row["lesion_id"].encode()).digest()):
        by_diagnosis[row["dx"]].append(row)
    columns = [by_diagnosis[code] for code in sorted(by_diagnosis)]
    for place in range(max(map(len, columns), default=0)):
        yield from (column[place] for column in columns if place < len(column))


def _case(row: dict[str, str], picture: Path, today: date) -> DemoCase:
    known = Metadata.parse(age=row["age"], sex=row["sex"], localization=row["localization"])
    return DemoCase(
        identifier=row["lesion_id"],
        given_name="HAM10000",
        family_name=f"Lesion {row['lesion_id'].removeprefix('HAM_')}",
        reason=f"Demonstration image {row['image_id']} of HAM10000.",
        picture=picture.read_bytes(),
        site=known.localization or "unknown",
        sex=known.sex or "unknown",
        birth_date=years_ago(known.age, today),
    )
