"""The study of generated pictures: equal budgets, nested arms, paired differences, and "no gain" where there is none."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inference.vocabulary import DIAGNOSES
from tests.training.fitting.test_engine import TINY
from tests.training.generated_pictures import write_generated
from training.__main__ import main
from training.data.labels import RARE
from training.data.pictures import Pictures
from training.data.records import DataError, Record
from training.data.schemes import split_by
from training.data.splits import LeakError, Split, split_by_lesion
from training.data.synthetic import Manifest
from training.fitting.config import read_config
from training.metrics import Answers, class_scores
from training.studies import synthetic
from training.studies.contenders import Field, obtain
from training.studies.synthetic import Arm, Study, chosen, effects
from training.studies.synthetic_report import build, conclusion


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    return write_generated(tmp_path_factory.mktemp("generated"), list(RARE) * 4)


@pytest.fixture(scope="module")
def study(
    records: list[Record], pictures: Pictures, manifest: Manifest, tmp_path_factory: pytest.TempPathFactory
) -> Study:
    split, out = split_by_lesion(records, []), tmp_path_factory.mktemp("study")
    return Study(records, pictures, split, manifest, replace(TINY, epochs=1), out, (0, 2, 4), (0, 1), 0.0)


@pytest.fixture(scope="module")
def runs(study: Study) -> dict[Arm, Any]:
    return synthetic.run(study)


def test_every_arm_is_trained_equally_long_with_its_pictures_and_its_seed(study: Study, runs: dict[Arm, Any]) -> None:
    assert set(runs) == {Arm(count, seed) for count in (0, 2, 4) for seed in (0, 1)}
    for arm in runs:
        config = read_config(study.folder_of(arm) / "config.json")
        assert (config.seed, config.epochs) == (arm.seed, 1)
        assert (config.generated.count if config.generated else 0) == 3 * arm.count
    assert len({one.epochs for one in runs.values()}) == 1


def test_what_ended_is_not_trained_again(study: Study, runs: dict[Arm, Any]) -> None:
    told: list[str] = []
    synthetic.run(study, told.append)
    assert told == []
    assert "0 of 6 runs to train" in study.plan()
    with pytest.raises(DataError, match="other settings or pictures"):
        synthetic.run(replace(study, weight=0.5))


def test_a_run_with_generated_pictures_is_no_contender_of_one_without(study: Study, runs: dict[Arm, Any]) -> None:
    field = Field(study.records, study.pictures, study.split, study.folder, 0.0, "validation")
    for count, config in ((2, study.config), (0, replace(study.config, generated=runs_record(study)))):
        with pytest.raises(DataError, match=r"was trained with .*generated"):
            obtain(Arm(count, 0).name, config, field)


def runs_record(study: Study) -> Any:
    return read_config(study.folder_of(Arm(2, 0)) / "config.json").generated


def test_a_larger_arm_holds_the_smaller(manifest: Manifest) -> None:
    small, large = ({image.image_id for image in chosen(manifest, n).images} for n in (2, 4))
    assert small < large
    with pytest.raises(DataError, match="4 generated pictures are accepted and 5 wanted"):
        chosen(manifest, 5)


def test_too_few_pictures_stop_the_study_before_its_first_run(study: Study, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="5 wanted"):
        synthetic.run(replace(study, counts=(0, 5), folder=tmp_path / "new"))
    assert not (tmp_path / "new").exists()


def test_a_plan_says_how_many_runs_and_how_long(study: Study, tmp_path: Path) -> None:
    new = replace(study, folder=tmp_path, minutes=30.0, counts=(0, 100, 200, 400), seeds=(0, 1, 2))
    assert "4 counts × 3 seeds; 12 of 12 runs to train, 30 minutes each, about 6:00:00" in new.plan()


@pytest.mark.parametrize("wrong", [{"counts": (100, 200)}, {"counts": (0,)}, {"counts": (0, 1, 1)}, {"seeds": ()}])
def test_a_study_without_a_comparison_is_refused(study: Study, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"counts hold 0|one seed"):
        replace(study, **wrong)


def test_a_split_that_leaks_is_refused(study: Study, records: list[Record]) -> None:
    with pytest.raises(LeakError, match="count as a gain"):
        replace(study, split=split_by("image-level", records, [], [], seed=0, fold=0))


# What is found, on answers that were made up.


def _answers(right: float, seed: int) -> Answers:
    """``right`` is the share of df that is called df; all others are right."""
    rng = np.random.default_rng(seed)
    target = np.repeat(np.arange(len(DIAGNOSES)), 60)
    df = DIAGNOSES.index("df")
    guess = np.where((target == df) & (rng.random(len(target)) > right), DIAGNOSES.index("nv"), target)
    p = np.full((len(target), len(DIAGNOSES)), 0.01)
    p[np.arange(len(target)), guess] = 1 - 0.06
    return Answers(np.log(p), p, target, np.arange(len(target)) // 2)


STEPS = {"0000-seed-0": 10, "0100-seed-0": 10}


def _built(found: Any, steps: dict[str, int]) -> Any:
    return build(found, side="test", path="image", seeds=2, bootstrap=30, steps=steps, about={})


def _arms(with_: float) -> dict[Arm, Answers]:
    return {Arm(count, seed): _answers(0.3 if count == 0 else with_, seed) for count in (0, 100) for seed in (0, 1)}


def test_figures_are_means_over_seeds() -> None:
    arms = _arms(0.9)
    found = {effect.figure: effect for effect in effects(arms, bootstrap=50)}
    for figure, of in (("df: F1 (arg-max p)", "f1"), ("df: recall (p/prior)", "recall")):
        by_hand = [class_scores(a.target, a.p.argmax(1))["df"][of] for arm, a in arms.items() if arm.count == 100]
        assert found[figure].with_.value == pytest.approx(np.mean(by_hand))
    macro = [class_scores(a.target, a.p.argmax(1))["macro"]["f1"] for arm, a in arms.items() if arm.count == 0]
    assert found["all: F1, macro (arg-max p)"].without.value == pytest.approx(np.mean(macro))


def test_a_gain_is_called_one_and_nothing_else_is() -> None:
    gained = effects(_arms(0.9), bootstrap=400)
    assert "df gains with 100 a class" in conclusion(gained)
    assert "vasc: no gain shown" in conclusion(gained)
    assert all(effect.p_holm >= effect.p for effect in gained)
    assert "df: no gain shown" in conclusion(effects(_arms(0.3), bootstrap=400))
    lost = conclusion(effects(_arms(0.02), bootstrap=400))
    assert "df loses with 100 a class" in lost


def test_a_loss_beside_a_gain_is_said_and_every_count_is_quoted() -> None:
    arms = {Arm(n, seed): _answers(right, seed) for n, right in ((0, 0.4), (100, 0.9), (400, 0.02)) for seed in (0, 1)}
    said = conclusion(effects(arms, bootstrap=800))
    assert "df gains with 100 a class and loses with 400 a class" in said
    assert "with 100, +0." in said
    assert "with 400, -0." in said


def test_a_p_that_says_nothing_is_neither_gain_nor_loss() -> None:
    blank = [replace(effect, p=float("nan"), p_holm=float("nan")) for effect in effects(_arms(0.9), bootstrap=30)]
    assert "df: no gain shown" in conclusion(blank)
    (table, _) = _built(blank, STEPS).parts
    assert {row[-1] for row in table.rows} == {"says nothing"}  # type: ignore[union-attr]


def test_arms_of_different_steps_are_not_called_equal() -> None:
    found = effects(_arms(0.9), bootstrap=30)
    assert "took 90 to 100 steps" in _built(found, {"a": 90, "b": 100}).lead
    assert "steps" not in _built(found, {"a": 99, "b": 100}).lead


def test_patience_would_end_the_arms_apart(study: Study) -> None:
    with pytest.raises(ValueError, match="different steps"):
        replace(study, config=replace(study.config, patience=3))


def test_a_side_without_a_rare_class_says_nothing() -> None:
    keep = np.flatnonzero(_answers(0.5, 0).target != DIAGNOSES.index("df"))
    with pytest.raises(DataError, match="no such lesion"):
        effects({arm: a.take(keep) for arm, a in _arms(0.5).items()}, bootstrap=20)


def test_the_table_leads_with_the_rare_classes() -> None:
    report = build(
        effects(_arms(0.9), bootstrap=30), side="test", path="image", seeds=2, bootstrap=30, steps=STEPS, about={}
    )
    table = report.parts[0]
    assert [row[0] for row in table.rows][:3] == ["df: F1 (arg-max p)", "df: recall (p/prior)", "df: AUC"]  # type: ignore[union-attr]
    json.dumps(report.values, allow_nan=False)


def test_the_command_plans_runs_and_reports(drawn: Path, manifest: Manifest, own: Split, tmp_path: Path) -> None:
    own.save(tmp_path / "split.json")
    data = ["--data", str(drawn), "--partial", "--cache", str(tmp_path / "cache")]
    words = ["generate", "study", *data, "--split", str(tmp_path / "split.json"), "--manifest", str(manifest.folder)]
    words += ["--runs", str(tmp_path / "runs"), "--counts", "0", "2", "--seeds", "3", "--bootstrap", "20"]
    words += ["--widths", "8-8-16-16", "--batch", "16", "--precision", "32-true", "--epochs", "1", "--size", "48x64"]
    words += ["--validate-every", "1", "--out", str(tmp_path / "report")]
    assert main([*words, "--plan-only"]).startswith("Plan: 2 counts × 1 seeds; 2 of 2 runs to train")
    assert not (tmp_path / "runs").exists()
    assert "df: " in main(words)
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    assert set(report["runs"]) == {"0000-seed-3", "0002-seed-3"}
    assert len({one["steps"] for one in report["runs"].values()}) == 1
    with pytest.raises(SystemExit, match="leave out --seed"):
        main([*words, "--seed", "1"])


@pytest.fixture
def own(records: list[Record]) -> Split:
    return split_by_lesion(records, [])
