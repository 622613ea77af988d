"""Several networks asked together."""

from __future__ import annotations

import csv
import json
import shutil
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from inference.vocabulary import DIAGNOSES
from training.__main__ import main
from training.metrics import Answers
from training.studies.ensemble import average, vote

PRIOR = np.log(np.full(7, 1 / 7))


def _answers(p: np.ndarray) -> Answers:
    return Answers(np.log(p), p, np.arange(len(p)) % 7, np.arange(len(p)))


def _said(*codes: str) -> Answers:
    return _answers(np.array([[0.94 if code == one else 0.01 for code in DIAGNOSES] for one in codes]))


def test_the_average_is_the_same_to_the_bit_in_every_order() -> None:
    rng = np.random.default_rng(0)
    members = [_answers(rng.dirichlet(np.ones(7), size=50)) for _ in range(3)]
    found = [average(list(order), PRIOR).p for order in permutations(members)]
    assert all(np.array_equal(found[0], other) for other in found)
    np.testing.assert_allclose(found[0], np.mean([member.p for member in members], axis=0))


def test_the_average_decides_p_over_prior() -> None:
    p = np.array([[0.3, 0.1, 0.1, 0.05, 0.05, 0.35, 0.05]])
    prior = np.log([0.03, 0.05, 0.11, 0.01, 0.11, 0.67, 0.02])
    joint = average([_answers(p), _answers(p)], prior)
    assert DIAGNOSES[joint.p[0].argmax()] == "nv"
    assert DIAGNOSES[joint.scores[0].argmax()] == "akiec"


@pytest.mark.parametrize(
    ("votes", "wins"),
    [
        (("nv", "nv", "mel"), "nv"),  # two against one: severity breaks ties, it does not overrule
        (("nv", "mel"), "mel"),
        (("df", "bkl", "bcc"), "bcc"),
        (("vasc", "df"), "df"),
        (("akiec", "akiec", "bcc", "bcc"), "bcc"),
    ],
)
def test_the_majority_wins_and_of_equals_the_most_severe(votes: tuple[str, ...], wins: str) -> None:
    joint = vote([_said(code) for code in votes])
    assert DIAGNOSES[joint.scores[0].argmax()] == wins
    assert joint.p[0, DIAGNOSES.index(wins)] == votes.count(wins) / len(votes)


def test_one_member_is_no_ensemble_nor_are_members_of_other_pictures() -> None:
    with pytest.raises(ValueError, match="two members"):
        average([_said("nv")], PRIOR)
    with pytest.raises(ValueError, match="same pictures"):
        vote([_said("nv"), _said("nv", "mel")])


def test_runs_are_joined_and_the_gain_has_an_interval(drawn: Path, tiny_runs: list[Path], tmp_path: Path) -> None:
    words = ["ensemble", "--data", str(drawn), "--partial", "--cache", str(tmp_path / "cache"), "--bootstrap", "20"]
    words += ["--run", str(tiny_runs[0]), "--run", str(tiny_runs[1])]
    main([*words, "--out", str(tmp_path / "report")])
    with (tmp_path / "report" / "members_fused.csv").open(newline="") as file:
        rows = {row["answers"]: row for row in csv.DictReader(file)}
    assert list(rows) == ["1: seed-1", "2: seed-2", "average of p", "majority vote"]
    assert rows["majority vote"]["macro_auc"] == ""
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    gains = [one["gain over the best member"]["value"] for one in report["paths"]["fused"].values()]
    assert min(gains[:2]) <= 0 == max(gains[:2])  # the best member gains nothing over itself
    with pytest.raises(SystemExit, match="twice or more"):
        main(["ensemble", "--data", str(drawn), "--out", str(tmp_path / "other")])


@pytest.mark.parametrize("command", ["ensemble", "export"])
def test_one_network_under_two_names_is_no_ensemble(
    command: str, drawn: Path, tiny_runs: list[Path], tmp_path: Path
) -> None:
    shutil.copytree(tiny_runs[0], tmp_path / "again")
    words = [command, "--data", str(drawn), "--partial", "--out", str(tmp_path / "out")]
    words += ["--version", "1.0.0"] if command == "export" else []
    with pytest.raises(SystemExit, match=r"seed-1 and .*again hold the same network"):
        main([*words, *(f"--run={run}" for run in (tiny_runs[0], tiny_runs[1], tmp_path / "again"))])
    assert not (tmp_path / "out").exists()
