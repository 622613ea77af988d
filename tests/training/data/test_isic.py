import csv
from pathlib import Path

import pytest
from PIL import Image

from inference.metadata import Metadata
from training.data import sources
from training.data.labels import Reading
from training.data.records import DataError, Record

COLUMNS = ("MEL", "NV", "BCC", "AKIEC", "BKL", "DF", "VASC")


def _write(path: Path, rows: list[list[object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)


def _pictures(folder: Path, ids: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in ids:
        Image.new("RGB", (80, 60), "tan").save(folder / f"{name}.jpg")


def _one_hot(columns: tuple[str, ...], truth: dict[str, str]) -> list[list[object]]:
    rows: list[list[object]] = [["image", *columns]]
    return [*rows, *([name, *(float(column == label) for column in columns)] for name, label in truth.items())]


@pytest.fixture
def task3(tmp_path: Path) -> Path:
    """The layout of the ISIC 2018 Task 3 test: two folders, no metadata."""
    ids = [f"ISIC_00345{i}" for i in range(len(COLUMNS))]
    _pictures(tmp_path / "ISIC2018_Task3_Test_Input", ids)
    table = tmp_path / "ISIC2018_Task3_Test_GroundTruth" / "ISIC2018_Task3_Test_GroundTruth.csv"
    _write(table, _one_hot(COLUMNS, dict(zip(ids, COLUMNS, strict=True))))
    return tmp_path


def _load(root: Path, **labels: str | None) -> list[Record]:
    return sources.load("isic", root, Reading(labels=labels))


def test_the_columns_of_the_challenge_become_codes_whatever_their_order(task3: Path) -> None:
    records = _load(task3)
    assert [record.diagnosis for record in records] == ["mel", "nv", "bcc", "akiec", "bkl", "df", "vasc"]
    assert {record.metadata for record in records} == {Metadata()}
    assert all(record.image.is_file() and record.dataset == "ISIC" for record in records)
    assert len({record.lesion_id for record in records}) == len(records)
    assert {record.grouped_by for record in records} == {"photograph"}


def _challenge_2019(root: Path) -> Path:
    truth = {"a": "MEL", "b": "SCC", "c": "SCC", "d": "UNK", "e": "AK"}
    columns = ("MEL", "NV", "BCC", "AK", "BKL", "DF", "VASC", "SCC", "UNK")
    rows = [[*row, "1.0"] for row in _one_hot(columns, truth)]
    rows[0][-1] = "score_weight"
    _write(root / "ISIC_2019_Test_GroundTruth.csv", rows)
    _pictures(root / "ISIC_2019_Test_Input", list(truth))
    people = [
        ["image", "age_approx", "anatom_site_general", "lesion_id", "sex"],
        ["a", "55", "anterior torso", "L1", "male"],
        ["e", "0", "head/neck", "L1", ""],
    ]
    _write(root / "ISIC_2019_Test_Metadata.csv", people)
    return root


def test_labels_without_a_code_are_refused_with_their_counts(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"'SCC' \(2 images\), 'UNK' \(1 images\)"):
        _load(_challenge_2019(tmp_path))


def test_only_what_is_left_out_or_mapped_by_name_passes(tmp_path: Path) -> None:
    root = _challenge_2019(tmp_path)
    assert [r.diagnosis for r in _load(root, SCC=None, unk=None)] == ["mel", "akiec"]
    assert [r.diagnosis for r in _load(root, SCC="akiec", UNK=None)] == ["mel", "akiec", "akiec", "akiec"]


def test_metadata_come_from_the_table_beside_in_our_words(tmp_path: Path) -> None:
    first, last = _load(_challenge_2019(tmp_path), SCC=None, UNK=None)
    assert first.metadata == Metadata(55.0, "male", "trunk")
    assert last.metadata == Metadata()  # age 0 and a site that could be four of ours are unknown
    assert first.lesion_id == last.lesion_id == "L1"


def test_a_truth_in_words_carries_its_metadata_along(tmp_path: Path) -> None:
    header = ["lesion_id", "image_id", "dx", "dx_type", "age", "sex", "localization", "dataset"]
    _write(tmp_path / "truth.csv", [header, ["H1", "a", "nv", "follow_up", "40.0", "female", "back", "vidir_modern"]])
    _pictures(tmp_path / "images", ["a"])
    (record,) = _load(tmp_path)
    assert (record.diagnosis, record.dx_type, record.source) == ("nv", "follow_up", "vidir_modern")
    assert record.metadata == Metadata(40.0, "female", "back")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([["image", *COLUMNS], ["a", 1, 1, 0, 0, 0, 0, 0]], "a has 2 labels instead of one"),
        ([["image", *COLUMNS], ["a", 0, 0, 0, 0, 0, 0, 0]], "a has 0 labels instead of one"),
        ([["image", *COLUMNS], ["b", 1, 0, 0, 0, 0, 0, 0]], "b: no photograph of this name"),
        ([["image_id", "dx", "localization"], ["a", "nv", "elbow"]], "site 'elbow' is not mapped"),
        ([["image_id", "dx", "age"], ["a", "nv", "old"]], "a: age: 'old' is not a number"),
        ([["image", *COLUMNS]], "No photograph of ISIC is left"),
        ([["name", "label"], ["a", "nv"]], "must hold one ground truth .* found none"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, rows: list[list[object]], message: str) -> None:
    _write(tmp_path / "truth.csv", rows)
    _pictures(tmp_path / "images", ["a"])
    with pytest.raises(DataError, match=message):
        _load(tmp_path)


def test_two_truths_are_not_guessed_between(task3: Path) -> None:
    _write(task3 / "another.csv", [["image_id", "dx"], ["ISIC_003450", "nv"]])
    with pytest.raises(DataError, match=r"another\.csv"):
        _load(task3)
