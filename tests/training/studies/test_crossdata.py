"""Away from home: the fall of each figure, and which pairs of sides are refused."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.bundles import build_tiny_bundle
from tests.training.drawn_ham10000 import draw_ham10000
from training.__main__ import main
from training.data.splits import Split
from training.evaluation.judged import Judged
from training.fitting.runs import load_run
from training.metrics import BALANCED, Answers
from training.studies.answered import cross_fitted
from training.studies.crossdata import build, fall


def _answers(right: int, sure: float = 1.0) -> Answers:
    target = np.arange(70) % 7
    guess = np.where(np.arange(70) % 10 < right, target, (target + 1) % 7)
    p = np.full((70, 7), (1 - sure) / 6)
    p[np.arange(70), guess] = sure
    return Answers(p, p, target, np.arange(70) // 2)


def test_the_fall_is_home_less_away_and_calibration_grows_the_other_way() -> None:
    home, away = _answers(8, 0.8), _answers(6, 0.8)
    found = fall(BALANCED, home, away, bootstrap=60)
    assert found.value == pytest.approx(0.2)
    assert found.low < 0.2 < found.high
    assert fall(BALANCED, home, home, bootstrap=60).low < 0  # unpaired: two draws of one hospital differ too
    assert fall("expected_calibration_error", home, away, bootstrap=5).value > 0.1


def test_a_class_that_is_missing_away_is_said() -> None:
    away = _answers(6)
    away = away.take(np.flatnonzero(away.target != 3))
    report = build(
        {"home": {"image": _answers(8)}, "away": {"image": away}}, {"home": "a", "away": "b"}, {}, bootstrap=5
    )
    assert "There is no df away" in report.limits[0]


def _words(drawn: Path, away: Path, tmp_path: Path) -> list[str]:
    words = ["crossdata", "--data", str(drawn), "--partial", "--cache", str(tmp_path / "cache"), "--bootstrap", "20"]
    return [*words, "--away-source", "ham10000", "--away-data", str(away), "--out", str(tmp_path / "report")]


@pytest.mark.parametrize(
    ("away", "counts"),
    [
        ({"seed": 9, "lesion": "OTHER"}, "98 have the name of .*, 0 show a lesion of it, 0 are nearly"),
        ({"seed": 9, "image": "OTHER"}, "0 have the name of .*, 98 show a lesion of it, 0 are nearly"),
        ({"image": "OTHER", "lesion": "OTHER"}, "0 have the name of .*, 0 show a lesion of it, 98 are nearly"),
    ],
    ids=["names", "lesions", "copies"],
)
def test_what_a_run_learned_is_not_away_under_another_name(
    drawn: Path, tiny_runs: list[Path], tmp_path: Path, away: dict[str, Any], counts: str
) -> None:
    draw_ham10000(tmp_path / "away", **away)
    with pytest.raises(SystemExit, match=counts):
        main([*_words(drawn, tmp_path / "away", tmp_path), "--run", str(tiny_runs[0])])
    assert not (tmp_path / "report").exists()


def test_what_a_bundle_learned_is_not_away(drawn: Path, tiny_runs: list[Path], tmp_path: Path) -> None:
    split = Split.load(tiny_runs[0] / "split.json")
    made_on = {"name": "HAM10000", "citation": "none", "licence": "CC0", "split": "by lesion", "n": 1}
    made_on["split_sha256"] = split.digest()
    other = draw_ham10000(tmp_path / "other", lesions_per_class=3, seed=9)
    bundle = ["--bundle", str(tmp_path / "HAM10000"), "--split", str(tiny_runs[0] / "split.json")]
    build_tiny_bundle(tmp_path / "HAM10000", changes={"training_data": made_on})
    with pytest.raises(SystemExit, match="no outside data: the bundle learned from HAM10000, and 28 of"):
        main([*_words(drawn, other, tmp_path), *bundle])
    bundle[1] = str(tmp_path / "drawn")
    build_tiny_bundle(tmp_path / "drawn", changes={"training_data": {**made_on, "name": "drawn"}})
    with pytest.raises(SystemExit, match="28 of the 28 photographs away are not from elsewhere"):
        main([*_words(drawn, other, tmp_path), *bundle])


def test_a_run_is_measured_on_other_data_with_the_calibration_of_home(
    drawn: Path, tiny_runs: list[Path], tmp_path: Path
) -> None:
    away = draw_ham10000(tmp_path / "away", lesions_per_class=3, seed=9, image="OTHER", lesion="OTHER")
    main([*_words(drawn, away, tmp_path), "--run", str(tiny_runs[0])])
    with (tmp_path / "report" / "figures_fused.csv").open(newline="") as file:
        rows = {row["figure"]: row for row in csv.DictReader(file)}
    row = rows[BALANCED]
    assert float(row["worse by"]) == pytest.approx(float(row["home"]) - float(row["away"]))
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    assert report["n"]["away"]["images"] == 7 * 4
    assert report["n"]["away"]["df"] == 4


def test_a_run_on_mixed_sources_has_no_away_side(drawn: Path, tiny_runs: list[Path], tmp_path: Path) -> None:
    words = ["crossdata", "--data", str(drawn), "--partial", "--cache", str(tmp_path / "cache"), "--bootstrap", "20"]
    with pytest.raises(SystemExit, match="leave-source-out"):
        main([*words, "--run", str(tiny_runs[0]), "--out", str(tmp_path / "report")])


def test_a_run_that_left_a_source_out_is_measured_there(drawn: Path, tiny_runs: list[Path], tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(drawn, data)
    table = data / "HAM10000_metadata.csv"
    split = json.loads((tiny_runs[0] / "split.json").read_text())
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["dataset"] = "rosendahl" if row["image_id"] in split["test"] else "vidir_modern"
    with table.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    words = ["crossdata", "--data", str(data), "--partial", "--cache", str(tmp_path / "cache"), "--bootstrap", "20"]
    printed = main([*words, "--run", str(tiny_runs[0]), "--out", str(tmp_path / "report")])
    assert printed.startswith("Home is vidir_modern (validation side), away is rosendahl (test side).")
    page = (tmp_path / "report" / "report.html").read_text()
    assert "temperatures fitted without the lesion that they judge" in page


def test_at_home_no_lesion_is_judged_by_a_temperature_that_was_fitted_on_it(tiny_runs: list[Path]) -> None:
    run, rng = load_run(tiny_runs[0]), np.random.default_rng(0)
    target = np.arange(70) % 7
    scores = np.eye(7)[target] + rng.normal(size=(70, 7))
    home = Judged(fused=scores, image=scores, target=target, lesion=np.arange(70) // 2)
    loud = replace(home, fused=np.where((home.lesion == 8)[:, None], 60 * np.eye(7)[(target + 1) % 7], scores))
    before, after = (cross_fitted(run, one)["fused"] for one in (home, loud))
    same_part = home.lesion % 5 == 3  # with lesion 8, whose temperature does not know it
    others = same_part & (home.lesion != 8)
    np.testing.assert_array_equal(before.p[others], after.p[others])
    assert not np.allclose(before.p[~same_part], after.p[~same_part])
