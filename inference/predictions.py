"""Predictions of many pictures as a CSV in the columns of the ISIC challenge."""

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TextIO

from inference.errors import BundleError, ImageRefused, InferenceError
from inference.metadata import Metadata
from inference.predictor import Predictor
from inference.vocabulary import CHALLENGE_ORDER

ScoreKind = Literal["calibrated", "balanced"]

IMAGE_SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp"})
COLUMNS: Final = (
    "image",
    *(code.upper() for code in CHALLENGE_ORDER),
    "malignancy",
    "tier",
    "abstain_reason",
)
UNREADABLE: Final = "unreadable"
UNANSWERED: Final = "no_answer"  # the network's is no number
FIELDS: Final = ("age", "sex", "localization")


@dataclass(frozen=True)
class Row:
    """One line of the file; ``refusal`` is the sentence when the picture could not be read or answered."""

    values: Mapping[str, str]
    refusal: str = ""


def find_images(paths: Sequence[Path]) -> list[Path]:
    """Each file as given, and the pictures that lie directly in each folder, by name.

    Sub-folders are not entered: beside pictures lie masks, which are pictures too.

    Raises:
        InferenceError: a path does not exist, or there is no picture at all.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += sorted(file for file in path.iterdir() if file.suffix.lower() in IMAGE_SUFFIXES)
        elif path.exists():
            found.append(path)
        else:
            raise InferenceError(f"There is no file or folder {path}.")
    if not found:
        raise InferenceError(f"There is no JPEG, PNG or WebP in {', '.join(map(str, paths))}.")
    return found


def image_names(files: Sequence[Path]) -> list[str]:
    """The name of each picture: its stem, as ISIC writes it, or its whole path where stems collide."""
    counts = Counter(file.stem for file in files)
    return [file.stem if counts[file.stem] == 1 else str(file) for file in files]


def read_metadata(file: Path) -> dict[str, Metadata]:
    """Read age, sex and localization by image_id from a CSV in HAM10000's columns; any may be absent.

    Raises:
        InferenceError: no such file, no column image_id or none of the three, a column or an id twice, a line with
            more or fewer values than columns, or a value that has no meaning.
    """
    known: dict[str, Metadata] = {}
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            for line, fields in _rows_with_id(csv.DictReader(stream), file):
                if fields["image_id"] in known:
                    raise InferenceError(f"{file}, line {line}: {fields['image_id']} is there twice.")
                known[fields["image_id"]] = _metadata_of(fields, file, line)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InferenceError(f"{file} cannot be read as CSV: {error}.") from None
    return known


def fields_lacking(file: Path) -> list[str]:
    """Those of age, sex and localization that a readable table has no column of."""
    with file.open(newline="", encoding="utf-8-sig") as stream:
        columns = csv.DictReader(stream).fieldnames or ()
    return [field for field in FIELDS if field not in columns]


def metadata_of(files: Sequence[Path], known: Mapping[str, Metadata], file: Path) -> list[Metadata]:
    """The metadata of each picture, by its stem; one without a row of ``file`` has none.

    Raises:
        InferenceError: no picture has a row, or two that share a stem would share one patient's.
    """
    counts = Counter(picture.stem for picture in files)
    if not counts.keys() & known.keys():
        raise InferenceError(
            f"{file} has a row for none of these pictures: its image_id is a picture's name without the ending, such "
            f"as {files[0].stem}."
        )
    shared = sorted(stem for stem, count in counts.items() if count > 1 and stem in known)
    if shared:
        raise InferenceError(f"Several pictures are named {shared[0]}, and {file} has one row of it: rename them.")
    return [known.get(picture.stem, Metadata()) for picture in files]


def refuse_out(out: Path, files: Sequence[Path], metadata: Path | None) -> None:
    """Raise ``InferenceError`` where the CSV would be written over what it is made of, or is a folder."""
    if out.is_dir():
        raise InferenceError(f"{out} is a folder; name the CSV to write, such as {out / 'predictions.csv'}.")
    if out.resolve() in {file.resolve() for file in (*files, *filter(None, [metadata]))}:
        raise InferenceError(f"{out} would be written over, and it is needed; give another --out.")


def predict_row(predictor: Predictor, file: Path, name: str, metadata: Metadata, scores: ScoreKind) -> Row:
    """Predict one file; a picture that cannot be read, or whose answer is no number, gives a row without figures.

    Raises:
        BundleError: of the bundle, which no picture could be answered with.
    """
    try:
        result = predictor.predict(file.read_bytes(), metadata)
    except (ImageRefused, OSError) as error:
        return Row({"image": name, "abstain_reason": UNREADABLE}, f"{file}: {error}")
    except BundleError:
        raise
    except InferenceError as error:
        return Row({"image": name, "abstain_reason": UNANSWERED}, f"{file}: {error}")
    shown = result.probabilities if scores == "calibrated" else result.balanced
    return Row(
        {
            "image": name,
            **{code.upper(): f"{shown[code]:.8f}" for code in CHALLENGE_ORDER},
            "malignancy": f"{result.malignancy:.8f}",
            "tier": result.tier,
            "abstain_reason": result.abstain_reason or "",
        }
    )


def write_rows(rows: Iterable[Row], out: Path) -> list[Row]:
    """Write the file as the rows arrive; it appears under its name only when it is whole."""
    partial = out.with_name(out.name + ".partial")
    out.parent.mkdir(parents=True, exist_ok=True)
    try:
        with partial.open("w", newline="", encoding="utf-8") as stream:
            written = _write(rows, stream)
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)
    return written


def _write(rows: Iterable[Row], stream: TextIO) -> list[Row]:
    writer = csv.DictWriter(stream, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    written = []
    for row in rows:
        writer.writerow(row.values)
        written.append(row)
    return written


def _rows_with_id(reader: "csv.DictReader[str]", file: Path) -> Iterable[tuple[int, dict[str, str]]]:
    if "image_id" not in (reader.fieldnames or ()):
        found = ", ".join(reader.fieldnames or ()) or "none"
        raise InferenceError(f"{file} has no column image_id. Columns found: {found}; commas stand between them.")
    if not set(FIELDS) & set(reader.fieldnames or ()):
        raise InferenceError(f"{file} has none of the columns {', '.join(FIELDS)}: nothing of it would be used.")
    twice = [name for name, count in Counter(reader.fieldnames or ()).items() if count > 1]
    if twice:
        raise InferenceError(f"{file} has the column {twice[0]!r} twice: leave out the one that does not hold.")
    for row in reader:
        if None in row or None in row.values():
            raise InferenceError(f"{file}, line {reader.line_num}: it has more or fewer values than there are columns.")
        fields = {key: (value or "").strip() for key, value in row.items() if isinstance(key, str)}
        yield reader.line_num, fields


def _metadata_of(fields: Mapping[str, str], file: Path, line: int) -> Metadata:
    try:
        return Metadata.parse(
            age=fields.get("age", ""),
            sex=fields.get("sex", ""),
            localization=fields.get("localization", ""),
        )
    except ValueError as error:
        raise InferenceError(f"{file}, line {line}: {error}") from None
