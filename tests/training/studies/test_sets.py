"""The comparison of ways to make prediction sets: its deals, its figures, and the command from end to end."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from training.__main__ import main
from training.data.splits import Split
from training.evaluation.predicted import Predicted, numbered, write_predictions
from training.metrics import Answers
from training.studies.set_ways import ways
from training.studies.sets import fold_of, halves

PER_FOLD = 700


def drawn_answers(seed: int = 0, folds: int = 2) -> Predicted:
    """Answers whose truth is drawn from their own p; every lesion has one or two photographs of the same answer."""
    rng = np.random.default_rng(seed)
    prior = np.log(np.array([0.05, 0.05, 0.12, 0.04, 0.12, 0.6, 0.02]))
    scores = rng.normal(0, 1.5, size=(folds * PER_FOLD, 7)).repeat(rng.integers(1, 3, folds * PER_FOLD), axis=0)
    lesion = np.unique(scores[:, 0], return_inverse=True)[1]
    p = softmax(scores + prior, axis=1)
    drawn = np.array([rng.choice(7, p=row) for row in p])
    target = drawn[np.unique(lesion, return_index=True)[1]][lesion]
    fold = np.arange(len(p)) * folds // len(p)
    names = tuple(f"image-{i - np.searchsorted(fold, f):05}-{f}" for i, f in enumerate(fold))
    lesions = tuple(f"lesion-{number}" for number in lesion)
    return Predicted(
        images=names,
        lesions=lesions,
        answers=Answers(log_softmax(scores, axis=1), p, target, numbered(lesions)),
        uncalibrated=p,
        sets=np.ones(p.shape, bool),
        flagged=np.zeros(len(p), bool),
        reasons=("",) * len(p),
    )


def test_folds_begin_where_the_names_begin_again() -> None:
    assert fold_of(["a", "c", "d", "b", "e", "a"]).tolist() == [0, 0, 0, 1, 1, 2]


def test_a_half_has_whole_lesions_and_half_of_each_class() -> None:
    target = np.repeat([0, 5], [20, 60])
    lesion = np.concatenate([np.repeat(np.arange(10), 2), np.arange(10, 70)])
    half = halves(target, lesion, np.random.default_rng(0))
    assert not set(lesion[half]) & set(lesion[~half])
    assert [len(np.unique(lesion[half & (target == k)])) for k in (0, 5)] == [5, 30]


def test_a_lesion_that_is_left_over_goes_to_either_half() -> None:
    target, lesion = np.zeros(5, int), np.arange(5)
    sizes = {int(halves(target, lesion, np.random.default_rng(seed)).sum()) for seed in range(20)}
    assert sizes == {2, 3}


def test_mass_above_counts_what_is_at_least_as_likely_and_each_rank_costs() -> None:
    by_name = {way.name: way for way in ways()}
    p = np.array([[0.5, 0.2, 0.1, 0.1, 0.05, 0.03, 0.02]])
    answers = Answers(np.log(p), p, np.array([0]), np.array([0]))
    plain = 1 - by_name["APS, own limits"].fitness(answers)[0]
    assert plain[:2] == pytest.approx([0.5, 0.7])
    assert plain[-1] == pytest.approx(1.0)
    with_ranks = 1 - by_name["RAPS, own limits"].fitness(answers)[0]
    assert with_ranks[:2] == pytest.approx([0.5 / 1.3, 0.75 / 1.3])


def test_a_lesion_weighs_the_same_however_often_it_was_photographed() -> None:
    by_lesion = next(way for way in ways() if "each lesion" in way.name).limits
    wrongness = np.arange(20) / 20
    fitness, target, lesion = np.tile(1 - wrongness[:, None], 7), np.full(20, 5), np.arange(20)
    again = np.concatenate([np.arange(20), np.zeros(50, int)])  # the first lesion, fifty times more
    assert by_lesion(fitness[again], target[again], lesion[again])[5] == by_lesion(fitness, target, lesion)[5]


def test_the_command_judges_every_way_and_leaves_out_what_it_is_told(tmp_path: Path) -> None:
    answers = drawn_answers()
    write_predictions(tmp_path / "predictions.csv", {"fused": answers})
    sides = {"train": [], "validation": [], "test": list(answers.images[:100]), "left_out": []}
    Split.of(sides, scheme="lesion", seed=0, fold=0).save(tmp_path / "split.json")
    words = ["sets", "--predictions", str(tmp_path / "predictions.csv"), "--without", str(tmp_path / "split.json")]
    main([*words, "--deals", "3", "--out", str(tmp_path / "out")])
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert [report["photographs"], report["left_out"]] == [len(answers) - 100, 100]
    found = {row["way"]: row for row in report["ways"]}
    assert list(found) == [way.name for way in ways()]
    always, first = found["p, own limits, likeliest always"], found["p, own limits"]
    assert always["likeliest_outside"]["mean"] == 0.0
    assert first["likeliest_outside"]["mean"] > 0
    assert first["classes"]["nv"]["mean"] == pytest.approx(0.9, abs=0.03)  # the promised rate
    assert always["classes"]["nv"]["mean"] >= first["classes"]["nv"]["mean"]
    with (tmp_path / "out" / "ways.csv").open() as opened:
        assert [row["way"] for row in csv.DictReader(opened)] == list(found)


def test_leaving_out_everything_says_so(tmp_path: Path) -> None:
    answers = drawn_answers()
    write_predictions(tmp_path / "predictions.csv", {"fused": answers})
    sides = {"train": [], "validation": [], "test": list(answers.images), "left_out": []}
    Split.of(sides, scheme="lesion", seed=0, fold=0).save(tmp_path / "split.json")
    words = ["sets", "--predictions", str(tmp_path / "predictions.csv"), "--without", str(tmp_path / "split.json")]
    with pytest.raises(SystemExit, match="No photograph is left to judge"):
        main([*words, "--out", str(tmp_path / "out")])
