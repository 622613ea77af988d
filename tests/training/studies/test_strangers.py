"""The review sheet: the planted are on it, both pictures of a pair are on it, and nothing is deleted."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.training.foreigners import foreigners
from training.__main__ import main
from training.data.pictures import Pictures
from training.data.records import Record
from training.studies.strangers import pairs_of


def _plant(drawn: Path, root: Path) -> None:
    """Three foreigners, and a mirrored copy of a drawn melanoma under another lesion."""
    shutil.copytree(drawn, root)
    images = root / "HAM10000_images_part_1"
    for i, picture in enumerate(foreigners()[[1, 2, 4]]):
        Image.fromarray(picture).save(images / f"ISIC_foreign{i}.jpg")
    with Image.open(images / "ISIC_40000.jpg") as opened:
        opened.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(images / "ISIC_copy.jpg", quality=90)
    with (root / "HAM10000_metadata.csv").open("a", newline="") as file:
        for name in ("foreign0", "foreign1", "foreign2", "copy"):
            csv.writer(file).writerow([f"HAM_{name}", f"ISIC_{name}", "nv", "histo", "50", "male", "back", "rosendahl"])


def _content(root: Path) -> dict[str, str]:
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in root.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def folder(drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("outliers")
    _plant(drawn, root / "data")
    before = _content(root / "data")
    words = ["outliers", "--data", str(root / "data"), "--partial", "--cache", str(root / "cache"), "--top", "12"]
    printed = main([*words, "--out", str(root / "report")])
    assert "Nothing was deleted" in printed
    assert _content(root / "data") == before
    return root / "report"


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_planted_foreigners_are_first_and_left_to_a_person(folder: Path) -> None:
    rows = _rows(folder / "flagged.csv")
    assert len(rows) == 12
    assert {row["image"] for row in rows[:3]} == {"ISIC_foreign0", "ISIC_foreign1", "ISIC_foreign2"}
    assert [row["rank"] for row in rows] == [str(rank) for rank in range(1, 13)]
    assert {row["decided by"] for row in rows} == {""}


def test_the_planted_copy_is_listed_and_both_are_shown(folder: Path) -> None:
    (row,) = _rows(folder / "near_duplicates.csv")
    assert {row["first"], row["second"]} == {"ISIC_40000", "ISIC_copy"}
    assert (row["lesions"], row["class of first"], row["class of second"]) == ("two", "mel", "nv")
    assert float(row["correlation"]) > 0.95
    assert json.loads((folder / "report.json").read_text())["pairs_of_two_lesions"] == 1
    assert (folder / "report.html").read_text().count("data:image/png;base64,") == 2
    with Image.open(folder / "pairs.png") as drawing:
        assert np.asarray(drawing.convert("RGB")).std() > 20


def test_pairs_of_two_lesions_come_first_and_each_pair_once(records: list[Record], pictures: Pictures) -> None:
    place = {record.image_id: i for i, record in enumerate(records)}
    mates = (place["ISIC_40000"], place["ISIC_40001"])
    others = (place["ISIC_40010"], place["ISIC_50010"])
    found = pairs_of(records, pictures, {"identical": [mates], "alike": [mates, others]})
    assert [(pair.a, pair.b, pair.kind) for pair in found] == [(*others, "alike"), (*mates, "identical")]
    assert all(-1 <= pair.likeness < 0.98 for pair in found)


def test_likeness_of_a_copy_is_one(records: list[Record], pictures: Pictures) -> None:
    (pair,) = pairs_of(records, pictures, {"identical": [(4, 4)]})
    assert pair.likeness == pytest.approx(1, abs=1e-4)
