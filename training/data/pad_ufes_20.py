"""PAD-UFES-20: photographs by smartphone, not dermoscopic, of six diagnoses with what was known of the patient.

Source: Pacheco et al., "PAD-UFES-20: a skin lesion dataset composed of patient data and clinical images collected from
smartphones", Data in Brief 32, 106221 (2020), CC BY 4.0.
"""

from __future__ import annotations

import csv
from pathlib import Path

from training.data.labels import Reading, coded
from training.data.records import DataError, Record, patient, pictures_under

NAME = "PAD-UFES-20"
CITATION = (
    "Pacheco A. G. C. et al.: PAD-UFES-20: a skin lesion dataset composed of patient data and clinical images "
    "collected from smartphones. Data in Brief 32, 106221 (2020)."
)
LICENCE = "CC BY 4.0"
LIMITS = (
    "PAD-UFES-20 comes from smartphones in one Brazilian state; its skin types are not read: fairness is not measured.",
    "58 % of PAD-UFES-20 were confirmed by biopsy, the others by agreement of dermatologists: a clinic will differ.",
)
IMAGE_COUNT, PATIENT_COUNT, LESION_COUNT = 2_298, 1_373, 1_641
# SCC, which holds Bowen's disease here, is none of the seven: it is refused until the user decides.
LABELS = {"ACK": "akiec", "BCC": "bcc", "MEL": "mel", "NEV": "nv", "SEK": "bkl"}
REGIONS = {
    "ABDOMEN": "abdomen",
    "ARM": "upper extremity",
    "BACK": "back",
    "CHEST": "chest",
    "EAR": "ear",
    "FACE": "face",
    "FOOT": "foot",
    "FOREARM": "upper extremity",
    "HAND": "hand",
    "LIP": "face",
    "NECK": "neck",
    "NOSE": "face",
    "SCALP": "scalp",
    "THIGH": "lower extremity",
    "": "",
}

Row = dict[str, str]


def load(root: Path, reading: Reading) -> list[Record]:
    """Read every row of ``metadata.csv`` under ``root``, in file order, but for those whose label is left out.

    Raises ``DataError`` when the table, a column or a photograph is missing, a label has no code, a region is unknown,
    or (with ``reading.expect_full``) the release does not count as published.
    """
    rows = _rows(root)
    if reading.expect_full:
        _check_counts(rows)
    codes = coded([row["diagnostic"] for row in rows], LABELS, reading.labels)
    images = pictures_under(root)
    return [_record(row, code, images) for row, code in zip(rows, codes, strict=True) if code is not None]


def _rows(root: Path) -> list[Row]:
    table = root / "metadata.csv"
    if not table.is_file():
        raise DataError(f"{table} is missing: point --data at the folder of PAD-UFES-20 that holds metadata.csv.")
    with table.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        wanted = ("patient_id", "lesion_id", "age", "gender", "region", "diagnostic", "img_id")
        missing = [name for name in wanted if name not in (reader.fieldnames or ())]
        if missing:
            raise DataError(f"{table} has no column {', '.join(missing)}.")
        return list(reader)


def _record(row: Row, code: str, images: dict[str, Path]) -> Record:
    image_id = Path(row["img_id"]).stem
    if image_id not in images:
        raise DataError(f"{row['img_id']}: no photograph of this name beside metadata.csv or below.")
    region = row["region"].strip().upper()
    if region not in REGIONS:
        raise DataError(f"{image_id}: the region {row['region']!r} is not mapped.")
    return Record(
        image_id=image_id,
        # The patient, not the lesion: all lesions of one person stay on one side.
        lesion_id=f"PAD_{row['patient_id']}",
        grouped_by="patient",
        diagnosis=code,
        dx_type="histo" if row.get("biopsed", "").lower() == "true" else "consensus",
        source="",
        metadata=patient(image_id, age=row["age"], sex=row["gender"], localization=REGIONS[region]),
        image=images[image_id],
        mask=None,
        dataset=NAME,
    )


def _check_counts(rows: list[Row]) -> None:
    found = {
        "images": len(rows),
        "patients": len({row["patient_id"] for row in rows}),
        "lesions": len({(row["patient_id"], row["lesion_id"]) for row in rows}),
    }
    wanted = {"images": IMAGE_COUNT, "patients": PATIENT_COUNT, "lesions": LESION_COUNT}
    wrong = [f"{key}: {found[key]} instead of {wanted[key]}" for key in wanted if found[key] != wanted[key]]
    if wrong:
        raise DataError("This is not the whole PAD-UFES-20: " + "; ".join(wrong))
