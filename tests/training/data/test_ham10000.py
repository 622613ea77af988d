import csv
import shutil
from pathlib import Path

import pytest

from training.data import ham10000
from training.data.ham10000 import DataError, Record


def test_a_row_becomes_a_record_with_unknown_kept_unknown(records: list[Record]) -> None:
    by_id = {record.image_id: record for record in records}
    assert by_id["ISIC_40000"].diagnosis == "mel"
    assert by_id["ISIC_40000"].metadata.age == 50.0
    assert by_id["ISIC_40010"].metadata.age is None
    assert by_id["ISIC_40020"].metadata.localization is None


def test_any_other_count_than_the_release_is_refused(drawn: Path) -> None:
    with pytest.raises(DataError, match="images: 98 instead of 10015"):
        ham10000.load(drawn)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [("dx", "scc", "label 'scc' is not mapped"), ("localization", "elbow", "site 'elbow' is not mapped")],
)
def test_an_unmapped_word_raises(drawn: Path, tmp_path: Path, field: str, value: str, message: str) -> None:
    root = tmp_path / "data"
    shutil.copytree(drawn, root)
    table = root / "HAM10000_metadata.csv"
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    rows[3][field] = value
    with table.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    with pytest.raises(DataError, match=message):
        ham10000.load(root, expect_full=False)


def test_a_missing_picture_is_named(drawn: Path, tmp_path: Path) -> None:
    root = tmp_path / "data"
    shutil.copytree(drawn, root)
    (root / "HAM10000_images_part_1" / "ISIC_40000.jpg").unlink()
    with pytest.raises(DataError, match=r"ISIC_40000\.jpg is missing"):
        ham10000.load(root, expect_full=False)


def test_a_wrong_folder_says_where_to_point(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="point --data at the folder"):
        ham10000.load(tmp_path)


def test_the_real_release_counts_as_published(ham10000_dir: Path) -> None:
    records = ham10000.load(ham10000_dir)
    assert len(records) == 10_015
    assert sum(record.metadata.age is None for record in records) == 57 + 39  # missing, and age 0
    assert all(record.mask for record in records)
