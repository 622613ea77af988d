import csv
from pathlib import Path

import pytest
from PIL import Image

from inference.metadata import Metadata
from training.data import sources
from training.data.labels import Reading
from training.data.records import DataError, Record

FIELDS = ("patient_id", "lesion_id", "age", "gender", "region", "diagnostic", "img_id", "biopsed")
ROWS = (
    ("PAT_1", "11", "55", "FEMALE", "NOSE", "BCC", "PAT_1_11_100.png", "True"),
    ("PAT_1", "12", "55", "FEMALE", "FOREARM", "ACK", "PAT_1_12_200.png", "False"),
    ("PAT_2", "13", "70", "", "BACK", "SEK", "PAT_2_13_300.png", "False"),
    ("PAT_3", "14", "31", "MALE", "THIGH", "NEV", "PAT_3_14_400.png", "False"),
    ("PAT_4", "15", "80", "MALE", "EAR", "MEL", "PAT_4_15_500.png", "True"),
)


def _draw(root: Path, rows: tuple[tuple[str, ...], ...]) -> Path:
    for i, row in enumerate(rows):
        folder = root / "images" / f"imgs_part_{i % 3 + 1}"
        folder.mkdir(parents=True, exist_ok=True)
        Image.new("RGBA", (80, 90), "tan").save(folder / row[6])
    with (root / "metadata.csv").open("w", newline="") as file:
        csv.writer(file).writerows([FIELDS, *rows])
    return root


def _load(root: Path, **labels: str | None) -> list[Record]:
    return sources.load("pad-ufes-20", root, Reading(expect_full=False, labels=labels))


def test_labels_regions_and_proofs_are_read_in_our_words(tmp_path: Path) -> None:
    records = _load(_draw(tmp_path, ROWS))
    assert [record.diagnosis for record in records] == ["bcc", "akiec", "bkl", "nv", "mel"]
    assert records[0].metadata == Metadata(55.0, "female", "face")
    assert records[2].metadata == Metadata(70.0, None, "back")
    assert [record.dx_type for record in records[:2]] == ["histo", "consensus"]
    assert records[0].lesion_id == records[1].lesion_id  # one person
    assert {record.grouped_by for record in records} == {"patient"}
    assert {record.dataset for record in records} == {"PAD-UFES-20"}


def test_squamous_cell_carcinoma_is_refused_until_the_user_decides(tmp_path: Path) -> None:
    scc = ("PAT_5", "16", "66", "MALE", "LIP", "SCC", "PAT_5_16_600.png", "True")
    root = _draw(tmp_path, (*ROWS, scc))
    with pytest.raises(DataError, match=r"'SCC' \(1 images\)"):
        _load(root)
    assert len(_load(root, SCC=None)) == len(ROWS)


def test_a_part_of_the_release_is_not_taken_for_the_whole(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="images: 5 instead of 2298"):
        sources.load("pad-ufes-20", _draw(tmp_path, ROWS), Reading())


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [(4, "ELBOW", "region 'ELBOW' is not mapped"), (6, "PAT_9.png", "PAT_9.png: no photograph")],
)
def test_what_does_not_fit_is_named(tmp_path: Path, field: int, value: str, message: str) -> None:
    root = _draw(tmp_path, ROWS)
    wrong = [list(row) for row in ROWS]
    wrong[1][field] = value
    with (root / "metadata.csv").open("w", newline="") as file:
        csv.writer(file).writerows([FIELDS, *wrong])
    with pytest.raises(DataError, match=message):
        _load(root)
