"""From the split to the score of a run: one command takes the subset, the other reads it and says how often."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inference.vocabulary import DIAGNOSES
from tests.training.fitting.test_engine import TINY
from training.__main__ import main
from training.data import rare
from training.data.pictures import Pictures
from training.data.records import Record
from training.data.splits import split_by_lesion
from training.evaluation.judged import Judged
from training.fitting.engine import fit
from training.studies.rare_report import build


def _judged(truth: list[str], answers: list[str]) -> Judged:
    scores = np.eye(7)[[DIAGNOSES.index(answer) for answer in answers]]
    target = np.array([DIAGNOSES.index(code) for code in truth])
    return Judged(fused=scores, image=scores * 0, target=target, lesion=np.arange(len(truth)))


def test_recalls_are_those_of_the_fused_scores_by_code() -> None:
    truth = ["df"] * 4 + ["vasc"] * 2 + ["akiec"] * 5
    answers = ["df", "nv", "nv", "nv", "vasc", "vasc", "akiec", "bkl", "akiec", "akiec", "akiec"]
    subset = rare.RareSubset(tuple(map(str, range(11))), "0", "drawn")
    report = build(_judged(truth, answers), subset, reading=3, bootstrap=50)
    recalls = report.values["recall (p/prior)"]
    assert {code: recalls[code]["value"] for code in recalls} == {"df": 0.25, "vasc": 1.0, "akiec": 0.8}
    assert list(recalls) == ["df", "vasc", "akiec"]
    assert "25% of df" in report.lead
    assert "reading 3" in report.lead
    assert report.parts[1].rows[0] == ["df", 1, 0, 0, 0, 0, 0, 3]  # type: ignore[union-attr]


def test_the_command_takes_scores_and_counts(
    drawn: Path, records: list[Record], pictures: Pictures, tmp_path: Path
) -> None:
    split = split_by_lesion(records, [])
    split.save(tmp_path / "split.json")
    fit(records, pictures, split, replace(TINY, epochs=1), tmp_path / "run")
    words = ["rare", "--data", str(drawn), "--partial", "--cache", str(tmp_path / "cache")]
    words += ["--subset", str(tmp_path / "rare.json")]
    assert "photographs held back" in main([*words, "--split", str(tmp_path / "split.json")])
    scored = [*words, "--run", str(tmp_path / "run"), "--out", str(tmp_path / "report"), "--bootstrap", "20"]
    assert "This is reading 1 of" in main(scored)
    assert "This is reading 2 of" in main(scored)
    document = json.loads((tmp_path / "report" / "report.json").read_text())
    assert (document["reading"], document["split_sha256"]) == (2, split.digest())
    with (tmp_path / "report" / "recall.csv").open(newline="") as file:
        assert [row["class"] for row in csv.DictReader(file)] == ["df", "vasc", "akiec"]


def test_a_run_of_another_fold_is_refused(
    drawn: Path, records: list[Record], pictures: Pictures, tmp_path: Path
) -> None:
    rare.take(records, split_by_lesion(records, [])).save(tmp_path / "rare.json")
    fit(records, pictures, split_by_lesion(records, [], fold=4), replace(TINY, epochs=1), tmp_path / "run")
    words = ["rare", "--data", str(drawn), "--partial", "--cache", str(tmp_path / "cache")]
    words += [
        "--subset",
        str(tmp_path / "rare.json"),
        "--run",
        str(tmp_path / "run"),
        "--out",
        str(tmp_path / "report"),
    ]
    with pytest.raises(SystemExit, match="were trained or tuned on"):
        main(words)
    assert not (tmp_path / "report").exists()


def test_a_score_needs_a_place(drawn: Path, tmp_path: Path) -> None:
    words = ["rare", "--data", str(drawn), "--partial", "--subset", str(tmp_path / "rare.json")]
    with pytest.raises(SystemExit, match="need --out"):
        main([*words, "--run", str(tmp_path)])
