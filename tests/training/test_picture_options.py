"""``train --filter --preset``: on the record of the run, on the same split, and never served."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

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
