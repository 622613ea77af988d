"""One command describes the data: five figures, counts that are right, one page."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from matplotlib import pyplot as plt

from training.__main__ import main
from training.data.pictures import Pictures
from training.data.records import Record
from training.metrics import RARE_FIRST
from training.studies.exploration import sample_grid, sample_rows


@pytest.fixture(scope="module")
def folder(drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("eda")
    main(["eda", "--data", str(drawn), "--partial", "--cache", str(out / "cache"), "--out", str(out / "report")])
    return out / "report"


def test_the_five_figures_are_drawn(folder: Path) -> None:
    assert {path.stem for path in folder.glob("*.png")} == {"samples", "classes", "ages", "sexes", "sites"}
    assert (folder / "report.html").read_text().count("data:image/png;base64,") == 5


def test_the_counts_stand_in_the_json_and_the_tables(folder: Path) -> None:
    document = json.loads((folder / "report.json").read_text())
    assert (document["images"], document["lesions"]) == (98, 70)
    assert document["majority_class_accuracy"] == pytest.approx(1 / 7)
    assert document["effective_number_of_classes"] == pytest.approx(7)
    assert document["age_as_written"] == {"empty": 7, "zero": 0}
    assert document["near_duplicates"]["identical"] == {"of one lesion": 0, "of two lesions": 0, "of two diagnoses": 0}
    with (folder / "site_by_class.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["site", *RARE_FIRST, "all"]
    assert rows[1] == ["back", *["13"] * 7, "91"]


def test_the_grid_shows_five_lesions_of_each_class(records: list[Record], pictures: Pictures) -> None:
    drawing = sample_grid(records, pictures)
    shown = [axes.get_images()[0].get_array() for axes in drawing.axes]
    plt.close(drawing)
    assert len(shown) == 35
    df = sample_rows(records, "df", 5)
    assert len({records[row].lesion_id for row in df}) == 5
    assert {records[row].diagnosis for row in df} == {"df"}
    for image, row in zip(shown[:5], df, strict=True):
        np.testing.assert_array_equal(image, pictures.stored[row])


def test_a_class_with_few_lesions_leaves_gaps(records: list[Record], pictures: Pictures) -> None:
    few = [i for i, record in enumerate(records) if record.diagnosis != "vasc"]
    drawing = sample_grid([records[i] for i in few], pictures)
    shown = [bool(axes.get_images()) for axes in drawing.axes]
    plt.close(drawing)
    assert shown == [True] * 5 + [False] * 5 + [True] * 25
