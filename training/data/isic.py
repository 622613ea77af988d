"""Any release in the layout of the ISIC challenges: a folder of photographs and a ground truth beside them.

The truth is a CSV with one column a diagnosis (``image,MEL,NV,BCC,AKIEC,BKL,DF,VASC``, 2019: ``AK``, ``SCC``, ``UNK``)
or with the diagnosis in words (``image_id,dx``; the archive's ``isic_id,diagnosis``). Age, sex and site come from the
same table or from another one beside it, and need not be there.

Source: Codella et al., "Skin lesion analysis toward melanoma detection 2018", arXiv:1902.03368.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from inference.vocabulary import LOCALIZATIONS
from training.data.labels import Reading, coded
from training.data.records import DataError, Record, patient, pictures_under

NAME = "ISIC"
CITATION = (
    "Codella N. et al.: Skin lesion analysis toward melanoma detection 2018: a challenge hosted by the International "
    "Skin Imaging Collaboration (ISIC). arXiv:1902.03368 (2019)."
)
LICENCE = "CC BY-NC 4.0 for the 2018 and 2019 challenges; other releases state their own"
LIMITS = (
    "ISIC releases gather photographs of many clinics and seldom tell skin type: fairness by tone is unknown.",
    "How the truth was found differs between and within ISIC releases: by histology for some, by experts for others.",
)
# SCC (squamous cell carcinoma) and UNK (none of the others) have no code: they are refused until the user decides.
LABELS = {
    "MEL": "mel",
    "NV": "nv",
    "BCC": "bcc",
    "AKIEC": "akiec",
    "AK": "akiec",  # 2019 has no column for intraepithelial carcinoma
    "BKL": "bkl",
    "DF": "df",
    "VASC": "vasc",
    "melanoma": "mel",
    "nevus": "nv",
    "basal cell carcinoma": "bcc",
    "actinic keratosis": "akiec",
    "seborrheic keratosis": "bkl",
    "solar lentigo": "bkl",
    "lichenoid keratosis": "bkl",
    "pigmented benign keratosis": "bkl",
    "dermatofibroma": "df",
    "vascular lesion": "vasc",
}
# The archive's general sites → HAM10000's words; None where the general word does not settle it.
_SITES: dict[str, str | None] = {
    "anterior torso": "trunk",
    "posterior torso": "back",
    "lateral torso": "trunk",
    "torso": "trunk",
    "palms/soles": "acral",
    "head/neck": None,
    "oral/genital": None,
}
_IMAGE = ("image", "image_id", "image_name", "isic_id")
_WORDS = ("dx", "diagnosis")
_AGE, _SEX = ("age", "age_approx"), ("sex", "gender")
_SITE = ("localization", "anatom_site_general", "anatom_site_general_challenge")
_HOW = ("dx_type", "diagnosis_confirm_type")
_LESION = ("lesion_id",)
_PATIENT = (*_AGE, *_SEX, *_SITE, *_HOW, *_LESION)
_NO_LABELS = {*_IMAGE, *_PATIENT, "dataset", "score_weight", "validation_weight"}

Row = dict[str, str]


@dataclass(frozen=True)
class Table:
    """One CSV: its column names in small letters and its rows."""

    path: Path
    columns: tuple[str, ...]
    rows: list[Row]

    @property
    def in_columns(self) -> bool:
        return {"mel", "nv"} <= set(self.columns)

    @property
    def is_truth(self) -> bool:
        return self.in_columns or any(word in self.columns for word in _WORDS)


def load(root: Path, reading: Reading) -> list[Record]:
    """Read every row of the ground truth under ``root``, in file order, but for those whose label is left out.

    Without a lesion id each photograph counts as a lesion of its own. Raises ``DataError`` when the truth is missing
    or not alone, a row has no label or two, a label has no code, a site is unknown or a photograph is missing.
    """
    truth, patients = _tables(root)
    images = pictures_under(root)
    labels = [_label(row, truth) for row in truth.rows]
    records = []
    for row, code in zip(truth.rows, coded(labels, LABELS, reading.labels), strict=True):
        image_id = _first(row, _IMAGE)
        if image_id not in images:
            raise DataError(f"{image_id}: no photograph of this name in {root} or below.")
        if code is not None:
            known = {**row, **patients.get(image_id, {})}
            records.append(_record(image_id, known, code, images[image_id]))
    return records


def _record(image_id: str, row: Row, code: str, image: Path) -> Record:
    return Record(
        image_id=image_id,
        lesion_id=_first(row, _LESION) or image_id,
        grouped_by="lesion" if _first(row, _LESION) else "photograph",
        diagnosis=code,
        dx_type=_first(row, _HOW),
        source=row.get("dataset", ""),
        metadata=patient(image_id, age=_first(row, _AGE), sex=_first(row, _SEX), localization=_site(image_id, row)),
        image=image,
        mask=None,
        dataset=NAME,
    )


def _site(image_id: str, row: Row) -> str:
    word = _first(row, _SITE).lower()
    if word in _SITES:
        return _SITES[word] or ""
    if word not in ("", "nan", "na", *LOCALIZATIONS):
        raise DataError(f"{image_id}: the site {word!r} is not mapped.")
    return word


def _label(row: Row, truth: Table) -> str:
    if not truth.in_columns:
        return _first(row, _WORDS)
    columns = [name for name in truth.columns if name not in _NO_LABELS]
    try:
        chosen = [name for name in columns if float(row[name]) > 0.5]
    except ValueError:
        raise DataError(f"{truth.path}: {_first(row, _IMAGE)} has a label that is no number.") from None
    if len(chosen) != 1:
        raise DataError(f"{truth.path}: {_first(row, _IMAGE)} has {len(chosen)} labels instead of one.")
    return chosen[0].upper()


def _tables(root: Path) -> tuple[Table, dict[str, Row]]:
    tables = [_read(path) for path in sorted({*root.glob("*.csv"), *root.glob("*/*.csv")})]
    tables = [table for table in tables if any(name in table.columns for name in _IMAGE)]
    truths = [table for table in tables if table.is_truth]
    if len(truths) != 1:
        found = ", ".join(str(table.path) for table in truths) or "none"
        raise DataError(f"{root} must hold one ground truth (image,MEL,NV,… or image_id,dx); found {found}.")
    others = [table for table in tables if not table.is_truth and any(name in table.columns for name in _PATIENT)]
    patients: dict[str, Row] = {}
    for row in (row for table in others for row in table.rows):
        patients.setdefault(_first(row, _IMAGE), {}).update({key: value for key, value in row.items() if value})
    return truths[0], patients


def _read(path: Path) -> Table:
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        columns = tuple(name.strip().lower() for name in reader.fieldnames or ())
        rows = [{key.strip().lower(): (value or "").strip() for key, value in row.items() if key} for row in reader]
    return Table(path, columns, rows)


def _first(row: Row, names: tuple[str, ...]) -> str:
    return next((row[name] for name in names if row.get(name)), "")
