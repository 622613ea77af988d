"""A report is one folder, and its page needs nothing beside it."""

from __future__ import annotations

import base64
import csv
import json
import re
from pathlib import Path

import pytest
from matplotlib import pyplot as plt

from training.reporting.report import Picture, Report, Table, Words, command_line, without_photographs, write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    drawing, axes = plt.subplots(figsize=(2, 2))
    axes.plot([0, 1], [0, 1])
    report = Report(
        title="Does <it> work?",
        lead="It finds 9 of 10.",
        parts=[
            Table(
                "classes", "By class", ["class", "n", "recall"], [["df", 12, 0.58333], ["nv", 0, None]], "Rare first."
            ),
            Picture("roc", "ROC", "The curve & its diagonal", drawing),
        ],
        values={"n": 12},
        limits=["One split."],
    )
    write(report, tmp_path / "new", command=command_line(["evaluate", "--data", "my data"]))
    return tmp_path / "new"


def test_json_says_what_was_found_and_how_to_find_it_again(folder: Path) -> None:
    document = json.loads((folder / "report.json").read_text())
    assert document["n"] == 12
    assert document["command"] == "python -m training evaluate --data 'my data'"


def test_each_table_is_a_csv_with_all_its_decimals(folder: Path) -> None:
    with (folder / "classes.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [["class", "n", "recall"], ["df", "12", "0.58333"], ["nv", "0", ""]]


def test_the_page_holds_its_pictures_and_loads_nothing(folder: Path) -> None:
    page = (folder / "report.html").read_text()
    assert re.findall(r'(?:src|href)="([^"]{0,22})', page) == ["data:image/png;base64,"]
    assert "<script" not in page
    assert (folder / "roc.png").read_bytes().startswith(b"\x89PNG")


def test_the_page_escapes_what_it_is_given_and_leaves_gaps_visible(folder: Path) -> None:
    page = (folder / "report.html").read_text()
    assert "Does &lt;it&gt; work?" in page
    assert "The curve &amp; its diagonal" in page
    assert '<td class="number">–</td>' in page
    assert '<td class="number">0.583</td>' in page


def test_a_value_that_json_cannot_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write(Report("t", "l", [], {"auc": float("nan")}), tmp_path, command="")


def test_words_and_small_pictures_stand_in_the_page_alone(tmp_path: Path) -> None:
    missed = Table(
        "missed", "Missed", ["image", "truth"], [["a", "mel"], ["b", "bcc"]], thumbnails=[b"first", b"second"]
    )
    write(Report("t", "l", [Words("What it does badly", ["It misses < half."]), missed], {}), tmp_path, command="")
    page = (tmp_path / "report.html").read_text()
    assert "<h2>What it does badly</h2><ul><li>It misses &lt; half.</li></ul>" in page
    assert re.findall(r"base64,([\w=]+)", page) == [base64.b64encode(jpeg).decode() for jpeg in (b"first", b"second")]
    assert (tmp_path / "missed.csv").read_text().splitlines() == ["image,truth", "a,mel", "b,bcc"]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["missed.csv", "report.html", "report.json"]


def test_photographs_can_be_left_out_of_a_page_and_nothing_else_with_them(tmp_path: Path) -> None:
    table = Table("missed", "Missed", ["image"], [["ISIC_1"]], thumbnails=[b"a photograph"])
    report = Report(title="Errors", lead="One.", parts=[table], values={})
    coded = base64.b64encode(b"a photograph").decode()
    for name, made in (("whole", report), ("open", without_photographs(report))):
        write(made, tmp_path / name, command="")
    whole, left = ((tmp_path / name / "report.html").read_text() for name in ("whole", "open"))
    assert coded in whole
    assert coded not in left
    assert "ISIC_1" in left
