from pathlib import Path

import pytest

from inference.vocabulary import DIAGNOSES
from training.data.labels import read_label_map
from training.data.records import DataError


def test_a_map_gives_codes_and_an_empty_code_leaves_out(tmp_path: Path) -> None:
    table = tmp_path / "map.csv"
    table.write_text("label,code\nMelanoma Skin Cancer,mel\nAcne and Rosacea,\n")
    assert read_label_map(table) == {"Melanoma Skin Cancer": "mel", "Acne and Rosacea": None}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("label,code\nMelanoma,MEL5\n", "MEL5 is none of the codes"),
        ("label,code\nNevus,4\n", "4 is none of the codes"),
        ("label,code\nNevus,nv\nnevus,mel\n", "'nevus' is mapped twice"),
        ("name,code\nNevus,nv\n", "columns label,code"),
    ],
)
def test_a_wrong_map_is_refused(tmp_path: Path, text: str, message: str) -> None:
    table = tmp_path / "map.csv"
    table.write_text(text)
    with pytest.raises(DataError, match=message):
        read_label_map(table)


def test_a_missing_map_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere\.csv is missing"):
        read_label_map(tmp_path / "nowhere.csv")


def test_codes_sorted_by_code_and_by_the_name_of_the_seed_swap_mel_and_nv() -> None:
    # The report encodes names alphabetically, so its 4 is nv and its 5 is mel; here it is the other way round.
    names = {
        "akiec": "Actinic keratoses",
        "bcc": "Basal cell carcinoma",
        "bkl": "Benign keratosis-like lesions",
        "df": "Dermatofibroma",
        "mel": "Melanoma",
        "nv": "Melanocytic nevi",
        "vasc": "Vascular lesions",
    }
    by_code, by_name = sorted(names), sorted(names, key=names.__getitem__)
    assert by_code == list(DIAGNOSES)
    assert (by_code.index("mel"), by_code.index("nv")) == (4, 5)
    assert (by_name.index("nv"), by_name.index("mel")) == (4, 5)
