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
from training.data.pictures import Pictures
from training.data.records import Record
from training.data.sides import rows_of
from training.export.members import joint_head, servable
from training.fitting.forward import embed
from training.fitting.runs import load_run
from training.fitting.sampling import encode
from training.metrics import Answers
from training.studies import answered
from training.studies.ensemble import average_p, average_scores, join, vote

PRIOR = np.log(np.full(7, 1 / 7))


def _answers(p: np.ndarray) -> Answers:
    return Answers(np.log(p), p, np.arange(len(p)) % 7, np.arange(len(p)))


def _said(*codes: str) -> Answers:
    return _answers(np.array([[0.94 if code == one else 0.01 for code in DIAGNOSES] for one in codes]))


def test_the_average_is_the_same_to_the_bit_in_every_order() -> None:
    rng = np.random.default_rng(0)
    members = [_answers(rng.dirichlet(np.ones(7), size=50)) for _ in range(3)]
    found = [average_p(list(order), PRIOR).p for order in permutations(members)]
    assert all(np.array_equal(found[0], other) for other in found)
    np.testing.assert_allclose(found[0], np.mean([member.p for member in members], axis=0))


def test_the_average_decides_p_over_prior() -> None:
    p = np.array([[0.3, 0.1, 0.1, 0.05, 0.05, 0.35, 0.05]])
    prior = np.log([0.03, 0.05, 0.11, 0.01, 0.11, 0.67, 0.02])
    joint = average_p([_answers(p), _answers(p)], prior)
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
        average_p([_said("nv")], PRIOR)
    with pytest.raises(ValueError, match="same pictures"):
        vote([_said("nv"), _said("nv", "mel")])


def test_runs_are_joined_and_the_gain_has_an_interval(drawn: Path, tiny_runs: list[Path], tmp_path: Path) -> None:
    words = ["ensemble", "--data", str(drawn), "--partial", "--cache", str(tmp_path / "cache"), "--bootstrap", "20"]
    words += ["--run", str(tiny_runs[0]), "--run", str(tiny_runs[1])]
    main([*words, "--out", str(tmp_path / "report")])
    with (tmp_path / "report" / "members_fused.csv").open(newline="") as file:
        rows = {row["answers"]: row for row in csv.DictReader(file)}
    assert list(rows) == ["1: seed-1", "2: seed-2", "mean of scores (as export)", "mean of p", "majority vote"]
    assert rows["majority vote"]["macro_auc"] == ""
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    gains = [one["gain over the best member"]["value"] for one in report["paths"]["fused"].values()]
    assert min(gains[:2]) <= 0 == max(gains[:2])  # the best member gains nothing over itself
    assert [name for name, row in rows.items() if row["p (Holm)"]] == list(rows)[2:]
    assert all(float(row["p (Holm)"]) >= float(row["p"]) for row in list(rows.values())[2:])
    assert report["side"] == "test"
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


def test_the_mean_of_scores_is_the_network_that_export_would_ship(
    records: list[Record], pictures: Pictures, tiny_runs: list[Path]
) -> None:
    runs = [load_run(path) for path in tiny_runs]
    joint = join([answered.judge(one, records, pictures, [])["validation"] for one in runs])
    head = joint_head(servable(runs))
    rows = rows_of(runs[0].split, records, "validation")
    features = np.concatenate([embed(one, records, pictures, rows) for one in runs], axis=1)
    shipped = np.stack([head.image_logits(row) for row in features.astype(np.float32)])
    added = np.stack([head.metadata_logits(row) for row in encode(records, runs[0].priors.encoding)[rows].numpy()])
    np.testing.assert_allclose(joint.image, shipped, atol=1e-4)
    np.testing.assert_allclose(joint.fused, shipped + added, atol=1e-4)


def test_the_mean_of_scores_decides_otherwise_than_the_mean_of_p() -> None:
    sure = np.array([[0.001, 0.9, 0.019, 0.02, 0.02, 0.02, 0.02], [0.45, 0.3, 0.05, 0.05, 0.05, 0.05, 0.05]])
    members = [_answers(sure[:1]), _answers(sure[1:])]
    assert average_scores(members).scores.argmax() == average_p(members, PRIOR).scores.argmax() == 1
    unsure = np.array([[0.0001, 0.4999, 0.1, 0.1, 0.1, 0.1, 0.1], [0.9, 0.05, 0.01, 0.01, 0.01, 0.01, 0.01]])
    members = [_answers(unsure[:1]), _answers(unsure[1:])]
    assert average_p(members, PRIOR).scores.argmax() == 0  # one loud voice
    assert average_scores(members).scores.argmax() == 1  # a member that excludes it is heard
    np.testing.assert_allclose(average_scores(members).p.sum(1), 1)
