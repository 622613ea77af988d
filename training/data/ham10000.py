"""HAM10000 as a list of records, read from the folder layout of the original release and counted before use.

Source: Tschandl, Rosendahl, Kittler, "The HAM10000 dataset", Scientific Data 5, 180161 (2018), CC BY-NC 4.0.
"""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

from inference.vocabulary import DIAGNOSES, LOCALIZATIONS
from training.data.records import DataError, Record, patient

NAME = "HAM10000"
CITATION = (
    "Tschandl P., Rosendahl C., Kittler H.: The HAM10000 dataset, a large collection of multi-source dermatoscopic "
    "images of common pigmented skin lesions. Scientific Data 5, 180161 (2018)."
)
LICENCE = "CC BY-NC 4.0"
LIMITS = (
    "HAM10000 comes from Austria and Australia, nearly all light skin, without skin type: fairness by tone is unknown.",
    "All melanomas of HAM10000 were confirmed by histology, many nevi only by follow-up: a clinic will differ.",
)
COLUMNS = ("lesion_id", "image_id", "dx", "dx_type", "age", "sex", "localization")
IMAGE_COUNT = 10_015
LESION_COUNT = 7_470
CLASS_COUNTS = {"nv": 6705, "mel": 1113, "bkl": 1099, "bcc": 514, "akiec": 327, "vasc": 142, "df": 115}
SOURCE_COUNTS = {"vidir_molemax": 3954, "vidir_modern": 3363, "rosendahl": 2259, "vienna_dias": 439}


def load(root: Path, *, expect_full: bool = True) -> list[Record]:
    """Read every row of ``HAM10000_metadata.csv`` under ``root``, in file order.

    Raises ``DataError`` when a file is missing, a label is unknown, or (with ``expect_full``) when any count differs
    from the published release: a silently truncated download must not become a figure.
    """
    table = root / "HAM10000_metadata.csv"
    if not table.is_file():
        raise DataError(f"{table} is missing: point --data at the folder that holds HAM10000_metadata.csv.")
    images = {path.stem: path for path in root.glob("HAM10000_images_part_*/*.jpg")}
    masks = root / "HAM10000_segmentations_lesion_tschandl"
    with table.open(newline="") as file:
        reader = csv.DictReader(file)
        missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
        if missing:
            raise DataError(f"{table} has no column {', '.join(missing)}: give the file as it was released.")
        records = [_record(row, images, masks) for row in reader]
    if expect_full:
        check_counts(records)
    return records


def _record(row: dict[str, str], images: dict[str, Path], masks: Path) -> Record:
    image_id, diagnosis = row["image_id"], row["dx"]
    if diagnosis not in DIAGNOSES:
        raise DataError(f"{image_id}: the label {diagnosis!r} is not mapped; known: {', '.join(DIAGNOSES)}.")
    if row["localization"] not in LOCALIZATIONS:
        raise DataError(f"{image_id}: the site {row['localization']!r} is not mapped.")
    if image_id not in images:
        raise DataError(f"{image_id}.jpg is missing from HAM10000_images_part_1 and _2.")
    mask = masks / f"{image_id}_segmentation.png"
    return Record(
        image_id=image_id,
        lesion_id=row["lesion_id"],
        diagnosis=diagnosis,
        dx_type=row["dx_type"],
        source=row.get("dataset", ""),
        # Age 0 stands for "not recorded" in 39 rows, as does an empty field in 57.
        metadata=patient(image_id, age=row["age"], sex=row["sex"], localization=row["localization"]),
        image=images[image_id],
        mask=mask if mask.is_file() else None,
        dataset=NAME,
        age_recorded=float(row["age"]) if row["age"] else None,
    )


def check_counts(records: list[Record]) -> None:
    """Raise ``DataError`` unless images, lesions, classes and sources count as published."""
    found: dict[str, object] = {
        "images": len(records),
        "lesions": len({record.lesion_id for record in records}),
        "classes": dict(Counter(record.diagnosis for record in records)),
        "sources": dict(Counter(record.source for record in records)),
    }
    wanted = {"images": IMAGE_COUNT, "lesions": LESION_COUNT, "classes": CLASS_COUNTS, "sources": SOURCE_COUNTS}
    wrong = [f"{key}: {found[key]} instead of {wanted[key]}" for key in wanted if found[key] != wanted[key]]
    if wrong:
        raise DataError("This is not the whole HAM10000: " + "; ".join(wrong))
