"""``train --filter --preset``: on the record of the run, on the same split, and never served."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.training.drawn_ham10000 import draw_ham10000
from training.__main__ import main
from training.data.pictures import Pictures
from training.data.records import Record
from training.evaluation.trained import score_run
from training.fitting.runs import load_run

SMALL = ["--widths", "8-8-16-16", "--epochs", "1", "--precision", "32-true", "--partial"]


def _train(drawn: Path, cache: Path, out: Path, *more: str) -> dict[str, object]:
    main(["train", "--data", str(drawn), "--cache", str(cache), "--out", str(out), *SMALL, *more])
    config: dict[str, object] = json.loads((out / "config.json").read_text())
    return config


@pytest.fixture(scope="module")
def runs(drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("runs")
    _train(drawn, root / "cache", root / "plain")
    _train(drawn, root / "cache", root / "filtered", "--filter", "hair", "--filter", "clahe")
    _train(drawn, root / "cache", root / "square", "--preset", "report-text")
    return root


def _config(run: Path) -> dict[str, object]:
    config: dict[str, object] = json.loads((run / "config.json").read_text())
    return config


def test_a_run_records_what_was_done_to_its_pictures(runs: Path) -> None:
    assert {key: _config(runs / "plain")[key] for key in ("source", "preset", "filters")} == {
        "source": "ham10000",
        "preset": "own",
        "filters": [],
    }
    assert _config(runs / "filtered")["filters"] == ["hair", "clahe"]
    assert _config(runs / "square")["preset"] == "report-text"
    assert _config(runs / "square")["schedule"]["sizes"] == [[1.0, [224, 224]]]  # type: ignore[index]


def test_an_ablation_changes_one_thing_not_the_split(runs: Path) -> None:
    splits = {(runs / name / "split.json").read_text() for name in ("plain", "filtered", "square")}
    assert len(splits) == 1
    statistics = {(runs / name / "priors.json").read_text() for name in ("plain", "filtered", "square")}
    assert len(statistics) == 3


@pytest.mark.parametrize("name", ["filtered", "square"])
def test_what_the_runtime_does_not_prepare_is_never_exported(
    drawn: Path, runs: Path, tmp_path: Path, name: str
) -> None:
    words = ["export", "--data", str(drawn), "--partial", "--cache", str(runs / "cache"), "--version", "0.1.0"]
    with pytest.raises(SystemExit, match="the runtime does not prepare pictures as"):
        main([*words, "--run", str(runs / name), "--out", str(tmp_path / "bundle")])
    assert not (tmp_path / "bundle").exists()


def test_a_run_is_not_scored_on_pictures_made_otherwise(runs: Path, records: list[Record], pictures: Pictures) -> None:
    assert len(score_run(load_run(runs / "plain"), records, pictures, [0, 1]).image) == 2
    with pytest.raises(ValueError, match=r"made as 'own \+ hair \+ clahe'; these are 'own'"):
        score_run(load_run(runs / "filtered"), records, pictures, [0, 1])


def test_ways_of_cleaning_are_compared_and_recorded(drawn: Path, runs: Path, tmp_path: Path) -> None:
    printed = main(["clean", "--data", str(drawn), "--partial", "--seeds", "2", "--out", str(tmp_path / "report")])
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    keep, mean_age = report["modes"]["keep"], report["modes"]["mean-age"]
    assert (keep["rows_encoded_otherwise"], keep["filled_in"]) == (0, 0)
    assert mean_age["filled_in"] == mean_age["rows_encoded_otherwise"] == 7  # one lesion a class has no age
    assert mean_age["age_known"] == 1 > keep["age_known"]
    assert f"{report['train_median_age']:g} years" in printed
    worth = report["forests on metadata, validation side (p/prior)"]
    assert len(worth["gain by seed"]) == 2
    assert worth["gain"]["value"] == pytest.approx(worth["mean-age"] - worth["keep"])
    assert min(worth["mean-age"], worth["keep"]) > 0.3  # each class was drawn with an age of its own
    config = _train(drawn, runs / "cache", tmp_path / "run", "--cleaning", "mean-age")
    assert config["cleaning"] == "mean-age"
    words = ["export", "--data", str(drawn), "--partial", "--cache", str(runs / "cache"), "--version", "0.1.0"]
    with pytest.raises(SystemExit, match="fills in no age"):
        main([*words, "--run", str(tmp_path / "run"), "--out", str(tmp_path / "bundle")])


def test_a_run_is_evaluated_on_pictures_and_metadata_prepared_as_its_own(
    drawn: Path, runs: Path, tmp_path: Path
) -> None:
    words = ["evaluate", "--data", str(drawn), "--partial", "--cache", str(runs / "cache"), "--bootstrap", "20"]
    printed = main([*words, "--run", str(runs / "filtered"), "--out", str(tmp_path / "report")])
    assert "balanced_accuracy" in printed
    with pytest.raises(SystemExit, match="differ in filters: only folds of one experiment pool"):
        main([*words, "--run", str(runs / "plain"), "--run", str(runs / "filtered"), "--out", str(tmp_path / "both")])


def test_runs_are_joined_and_taken_away_on_pictures_prepared_as_their_own(
    drawn: Path, runs: Path, tmp_path: Path
) -> None:
    words = ["--data", str(drawn), "--partial", "--cache", str(runs / "cache"), "--bootstrap", "20"]
    filtered = str(runs / "filtered")
    _train(drawn, runs / "cache", tmp_path / "other", "--filter", "hair", "--filter", "clahe", "--seed", "2")
    main(["ensemble", *words, "--run", filtered, "--run", str(tmp_path / "other"), "--out", str(tmp_path / "joined")])
    member = json.loads((tmp_path / "joined" / "report.json").read_text())["paths"]["image"]["1: filtered"]
    with pytest.raises(SystemExit, match="prepared in different ways"):
        main(["ensemble", *words, "--run", str(runs / "plain"), "--run", filtered, "--out", str(tmp_path / "mixed")])
    draw_ham10000(tmp_path / "away", lesions_per_class=3, seed=9, image="OTHER", lesion="OTHER")
    away = ["--away-source", "ham10000", "--away-data", str(tmp_path / "away"), "--out", str(tmp_path / "report")]
    main(["crossdata", *words, "--run", filtered, *away])
    home = json.loads((tmp_path / "report" / "report.json").read_text())["paths"]["image"]["home"]
    main(["evaluate", *words, "--run", filtered, "--out", str(tmp_path / "own")])
    own = json.loads((tmp_path / "own" / "report.json").read_text())["image"]["figures"]
    assert home["macro_auc"]["value"] == pytest.approx(own["macro_auc"]["value"])
    assert member["macro_auc"]["value"] == pytest.approx(own["macro_auc"]["value"])


def test_an_ablation_is_compared_on_the_same_photographs(drawn: Path, runs: Path, tmp_path: Path) -> None:
    words = ["compare", "--data", str(drawn), "--partial", "--cache", str(runs / "cache"), "--bootstrap", "20"]
    main([*words, "--a", str(runs / "plain"), "--b", str(runs / "filtered"), "--out", str(tmp_path)])
    assert (tmp_path / "report.json").is_file()
