from pathlib import Path

import pytest
from PIL import Image

from training.__main__ import main
from training.data import sources
from training.data.labels import Reading
from training.data.records import DataError, Record, grouping

MAP = {"Melanoma Skin Cancer": "mel", "Vascular Tumors": "vasc", "Acne and Rosacea": None}


@pytest.fixture
def dermnet(tmp_path: Path) -> Path:
    for i, label in enumerate(MAP):
        for side in ("train", "test"):
            folder = tmp_path / side / label
            folder.mkdir(parents=True)
            Image.new("RGB", (80, 70), (40 * i + 20, 90, len(side) * 20)).save(folder / "Smith-Jane-1970.jpg")
    return tmp_path


def _load(root: Path, labels: dict[str, str | None]) -> list[Record]:
    return sources.load("folders", root, Reading(labels=labels))


def test_the_folder_is_the_label_and_what_is_left_out_is_gone(dermnet: Path) -> None:
    assert [record.diagnosis for record in _load(dermnet, MAP)] == ["mel", "vasc", "mel", "vasc"]
    assert grouping(_load(dermnet, MAP)) == "photograph"


def test_a_folder_that_the_map_does_not_name_raises_with_its_count(dermnet: Path) -> None:
    with pytest.raises(DataError, match=r"'Vascular Tumors' \(2 images\)"):
        _load(dermnet, {"Melanoma Skin Cancer": "mel", "Acne and Rosacea": None})


def test_without_a_map_no_meaning_is_guessed(dermnet: Path) -> None:
    with pytest.raises(DataError, match="need --label-map"):
        _load(dermnet, {})


def test_copies_fall_together_and_a_copy_in_another_class_raises(dermnet: Path) -> None:
    original = dermnet / "train" / "Vascular Tumors" / "Smith-Jane-1970.jpg"
    (dermnet / "test" / "Vascular Tumors" / "copy.jpg").write_bytes(original.read_bytes())
    assert len(_load(dermnet, MAP)) == 4
    (dermnet / "test" / "Melanoma Skin Cancer" / "copy.jpg").write_bytes(original.read_bytes())
    with pytest.raises(DataError, match="same picture in two classes"):
        _load(dermnet, MAP)


def test_no_file_name_reaches_the_split(dermnet: Path, tmp_path: Path) -> None:
    table = tmp_path / "map.csv"
    table.write_text("label,code\n" + "".join(f"{label},{code or ''}\n" for label, code in MAP.items()))
    words = ["split", "--source", "folders", "--data", str(dermnet), "--label-map", str(table)]
    main([*words, "--cache", str(tmp_path / "cache"), "--out", str(tmp_path / "split.json")])
    written = (tmp_path / "split.json").read_text()
    assert written.count("IMG_") == 4
    assert "Smith" not in written
