"""The rare subset is fixed, is of whole lesions that no training saw, and counts who looks."""

from __future__ import annotations

import ast
import json
from dataclasses import replace
from pathlib import Path

import pytest

from training.data import rare
from training.data.labels import RARE
from training.data.records import DataError, Record
from training.data.schemes import split_by
from training.data.splits import LeakError, Split, split_by_lesion


@pytest.fixture
def split(records: list[Record]) -> Split:
    return split_by_lesion(records, [])


@pytest.fixture
def file(records: list[Record], split: Split, tmp_path: Path) -> Path:
    rare.take(records, split).save(tmp_path / "rare.json")
    return tmp_path / "rare.json"


def test_it_holds_the_rare_images_of_the_test_side(records: list[Record], split: Split) -> None:
    subset = rare.take(records, split)
    diagnosis = {record.image_id: record.diagnosis for record in records}
    assert {diagnosis[image] for image in subset.images} == {"df", "vasc", "akiec"}
    assert set(subset.images) == {image for image in split.test if diagnosis[image] in RARE}
    assert rare.take(records[::-1], split) == subset
    rare.check_unseen(subset, records, split)


def test_each_reading_is_counted_and_says_what_for(file: Path) -> None:
    assert rare.readings(file) == []
    assert rare.read(file, purpose="report", command="one")[1] == 1
    assert rare.read(file, purpose="release", command="two")[1] == 2
    assert [(r["purpose"], r["command"]) for r in rare.readings(file)] == [("report", "one"), ("release", "two")]


def test_tuning_is_no_purpose_and_opens_nothing(file: Path) -> None:
    with pytest.raises(ValueError, match="never for tuning"):
        rare.read(file, purpose="tuning", command="search")
    assert rare.readings(file) == []


def test_nothing_that_fits_or_tunes_can_reach_it() -> None:
    """Only its own command and report import it: not fitting, not evaluation's calibration, not a search."""
    root = Path(rare.__file__).parents[1]
    importers = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.ImportFrom) and node.module == "training.data.rare")
        or (
            isinstance(node, ast.ImportFrom)
            and node.module == "training.data"
            and "rare" in [n.name for n in node.names]
        )
    }
    assert importers == {"commands/rare.py", "studies/rare_report.py"}


def test_a_run_that_saw_its_lesions_is_refused(records: list[Record], split: Split, file: Path) -> None:
    subset, _ = rare.read(file, purpose="report", command="")
    other = split_by_lesion(records, [], fold=3)
    with pytest.raises(LeakError, match="were trained or tuned on, ISIC_"):
        rare.check_unseen(subset, records, other)
    tuned = replace(split, train=(), validation=subset.images[:1])
    with pytest.raises(LeakError, match="1 photographs"):
        rare.check_unseen(subset, records, tuned)


def test_a_bundle_must_have_tested_all_of_it(file: Path, split: Split) -> None:
    subset, _ = rare.read(file, purpose="release", command="")
    rare.check_unseen_by(subset, split.test)
    with pytest.raises(LeakError, match=f"1 photographs .* {subset.images[0]} for one"):
        rare.check_unseen_by(subset, [image for image in split.test if image != subset.images[0]])


def test_it_is_written_once_and_an_edit_is_seen(records: list[Record], split: Split, file: Path) -> None:
    with pytest.raises(FileExistsError):
        rare.take(records, split).save(file)
    raw = json.loads(file.read_text())
    raw["images"] = raw["images"][1:]
    file.write_text(json.dumps(raw))
    with pytest.raises(LeakError, match="no longer the fixed subset"):
        rare.read(file, purpose="report", command="")


def test_a_leaky_split_and_an_absent_class_are_refused(records: list[Record], split: Split) -> None:
    with pytest.raises(LeakError, match="image-level: leaks"):
        rare.take(records, split_by("image-level", records, []))
    with pytest.raises(DataError, match="no image of vasc"):
        rare.take([record for record in records if record.diagnosis != "vasc"], split)
