"""Splits by image share lesions with training, and the report's do as much as was said of them."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from training.__main__ import main
from training.data import ham10000
from training.data.description import images_of_age_zero
from training.data.records import Record
from training.data.report_splits import report_rows, report_splits
from training.data.schemes import overlap
from training.data.splits import Split
from training.studies.overlap import shared_by_class


def test_shares_are_counted_class_by_class(records: list[Record]) -> None:
    mel, df = ([r for r in records if r.diagnosis == code] for code in ("mel", "df"))
    assert mel[0].lesion_id == mel[1].lesion_id != mel[2].lesion_id
    split = Split(
        "drawn", 0, (mel[0].image_id,), (), (mel[1].image_id, mel[2].image_id, df[0].image_id, df[1].image_id)
    )
    shares = shared_by_class(split, records)
    assert (shares["all"], shares["mel"], shares["df"], shares["nv"]) == (0.25, 0.5, 0.0, None)


def test_the_reports_splits_have_its_sizes_and_say_that_they_leak(records: list[Record]) -> None:
    made = report_splits(records, "drawn")
    sizes = {name: tuple(len(ids) for ids in split.sides.values()) for name, split in made.items()}
    assert sizes == {"DNN": (73, 0, 25), "CNN": (79, 9, 10), "CNN, tuned": (88, 0, 10)}
    assert made["CNN"].test == made["CNN, tuned"].test
    assert all(split.scheme.startswith("image-level: leaks (the report's") for split in made.values())


def test_the_command_lays_both_kinds_side_by_side(drawn: Path, tmp_path: Path) -> None:
    words = ["overlap", "--data", str(drawn), "--partial", "--cache", str(tmp_path / "cache")]
    printed = main([*words, "--out", str(tmp_path / "report")])
    with (tmp_path / "report" / "overlap.csv").open(newline="") as file:
        shares = {row["split"]: float(row["all"]) for row in csv.DictReader(file)}
    honest = {scheme: share for scheme, share in shares.items() if not scheme.startswith("image-level: leaks")}
    assert set(honest.values()) == {0.0}
    assert len(honest) == 2  # by lesion; the drawn data have one source
    assert "split by lesion or by source, 0.0%" in printed


def test_other_rows_than_the_releases_are_refused(drawn: Path, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="leave --source and --images out"):
        main(["overlap", "--data", str(drawn), "--partial", "--images", "50", "--out", str(tmp_path)])


@pytest.mark.ham10000
def test_the_reports_splits_share_37_to_42_percent_of_their_test_images(ham10000_dir: Path) -> None:
    records = ham10000.load(ham10000_dir)
    kept = report_rows(records, images_of_age_zero(ham10000_dir / "HAM10000_metadata.csv"))
    assert len(kept) == 9921
    assert overlap(report_splits(records, "all")["DNN"], records) == pytest.approx(0.374, abs=5e-4)
    assert overlap(report_splits(kept, "kept")["CNN, tuned"], kept) == pytest.approx(0.421, abs=5e-4)
