"""Switches one at a time, and metadata withheld or shuffled."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inference.vocabulary import DIAGNOSES
from tests.training.fitting.test_engine import TINY
from training.__main__ import main
from training.data.filters import FILTERS
from training.data.pictures import Pictures
from training.data.records import DataError, Record
from training.data.splits import split_by_lesion
from training.fitting.runs import load_run
from training.metrics import Answers
from training.studies import ablation, contenders
from training.studies.switches import BASES, SWITCHES, Switch, turn


@pytest.mark.parametrize("of", BASES)
def test_each_switch_changes_one_thing_of_its_base(of: str) -> None:
    turned = [turn(BASES[of], switch) for switch in SWITCHES[of]]
    assert all(config != BASES[of] for config in turned)
    assert len({json.dumps(config.to_dict(), sort_keys=True) for config in turned}) == len(turned)
    assert len({switch.name for switch in SWITCHES[of]}) == len(turned)
    assert {config.filters for config in turned} >= {(name,) for name in FILTERS}
    assert any(config.cleaning == "mean-age" for config in turned) == (of == "fused")


def test_a_switch_that_does_nothing_or_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="changes nothing"):
        turn(BASES["fused"], Switch("x", "losses.joint", BASES["fused"].losses.joint))
    with pytest.raises(ValueError, match="does not exist"):
        turn(BASES["fused"], Switch("x", "network.depth", 3))


def test_shuffled_metadata_change_the_answer_and_the_picture_stays(
    tiny_runs: list[Path], records: list[Record], pictures: Pictures
) -> None:
    run = load_run(tiny_runs[0])
    field = contenders.Field(records, pictures, run.split, tiny_runs[0].parent, 0, "validation")
    trained = contenders.obtain("seed-1", replace(TINY, seed=1), field)
    assert trained is not None
    mixed = ablation.shuffled(trained, field)
    assert not np.allclose(mixed.scores, trained.answers["fused"].scores)
    np.testing.assert_array_equal(mixed.target, trained.answers["fused"].target)
    assert contenders.obtain("nothing-there", TINY, field) is None


def test_a_run_on_another_split_or_of_another_network_is_no_contender(
    tiny_runs: list[Path], records: list[Record], pictures: Pictures
) -> None:
    other = contenders.Field(
        records, pictures, split_by_lesion(records, [], fold=4), tiny_runs[0].parent, 0, "validation"
    )
    with pytest.raises(DataError, match="another split"):
        contenders.obtain("seed-1", TINY, other)
    same = replace(other, split=load_run(tiny_runs[0]).split)
    with pytest.raises(DataError, match="another network"):
        contenders.obtain("seed-1", contenders.recipe("dnn"), same)


@pytest.mark.parametrize("prepared", [{"filters": ["clahe"]}, {"preset": "report-text"}, {"cleaning": "mean-age"}])
def test_a_run_that_learned_from_data_prepared_otherwise_is_no_contender(
    tiny_runs: list[Path], records: list[Record], pictures: Pictures, tmp_path: Path, prepared: dict[str, object]
) -> None:
    shutil.copytree(tiny_runs[0], tmp_path / "run")
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    (tmp_path / "run" / "config.json").write_text(json.dumps({**config, **prepared}))
    field = contenders.Field(records, pictures, load_run(tiny_runs[0]).split, tmp_path, 0, "validation")
    with pytest.raises(DataError, match="evaluate it apart"):
        contenders.obtain("run", replace(TINY, seed=1), field)


def test_a_run_of_another_recipe_is_no_contender_though_its_split_and_network_are_the_same(
    tiny_runs: list[Path], records: list[Record], pictures: Pictures
) -> None:
    field = contenders.Field(records, pictures, load_run(tiny_runs[0]).split, tiny_runs[0].parent, 0, "validation")
    assert contenders.obtain("seed-1", replace(TINY, seed=1, epochs=7), field) is not None
    with pytest.raises(DataError, match=r"seed-2 was trained with seed 2, not 1: name another"):
        contenders.obtain("seed-2", replace(TINY, seed=1), field)
    other = replace(TINY, seed=1, weight_decay=0.25, schedule=replace(TINY.schedule, peak=0.75))
    with pytest.raises(DataError, match=r"schedule.peak .*, not 0.75; weight_decay .*, not 0.25"):
        contenders.obtain("seed-1", other, field)


def test_runs_of_unlike_length_are_no_one_comparison(
    tiny_runs: list[Path], records: list[Record], pictures: Pictures
) -> None:
    field = contenders.Field(records, pictures, load_run(tiny_runs[0]).split, tiny_runs[0].parent, 0, "validation")
    one = contenders.obtain("seed-1", replace(TINY, seed=1), field)
    assert one is not None
    longer = replace(one, run=replace(one.run, config={**one.run.config, "budget_minutes": 30.0}))
    contenders.check_one_budget({"a": one, "b": one, "missing": None})
    with pytest.raises(DataError, match=r"\(a 1 epochs, b 30 minutes\)"):
        contenders.check_one_budget({"a": one, "b": longer})


def test_the_switches_of_the_dnn_are_trained_and_compared_with_their_base(drawn: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text("label,code\n" + "".join(f"{code},{code}\n" for code in DIAGNOSES))
    words = ["ablation", "--of", "dnn", "--data", str(drawn), "--partial", "--cache", str(tmp_path / "cache")]
    words += ["--source", "isic", "--label-map", str(labels)]
    words += ["--runs", str(tmp_path / "runs"), "--precision", "32-true", "--bootstrap", "20"]
    main(
        [
            *words,
            "--switch",
            "batch-norm",
            "--switch",
            "filter-clahe",
            "--minutes-each",
            "0.005",
            "--out",
            str(tmp_path / "report"),
        ]
    )
    with (tmp_path / "report" / "ablation.csv").open(newline="") as file:
        rows = {row["change"]: row for row in csv.DictReader(file)}
    assert list(rows) == ["base", "batch-norm", "filter-clahe"]
    assert all(float(row["minutes trained"]) > 0 and int(row["epochs"]) >= 1 for row in rows.values())
    figure, won = "balanced_accuracy (p/prior)", "gain in balanced_accuracy (p/prior) over the base"
    difference = float(rows["batch-norm"][figure]) - float(rows["base"][figure])
    assert float(rows["batch-norm"][won]) == pytest.approx(difference)
    report = json.loads((tmp_path / "report" / "report.json").read_text())
    assert report["side"] == "validation"  # unless asked, nothing is chosen by the test side
    turned = load_run(tmp_path / "runs" / "dnn" / "batch-norm")
    assert turned.config["source"] == "isic"  # as it was said, whatever the default
    clearer = load_run(tmp_path / "runs" / "dnn" / "filter-clahe")
    assert clearer.config["filters"] == ["clahe"]
    assert clearer.priors.mean != turned.priors.mean  # it learned from other pictures, of the same split
    assert clearer.split.digest() == turned.split.digest()
    with pytest.raises(SystemExit, match="has no switch 'cbam'"):
        main([*words, "--switch", "cbam", "--out", str(tmp_path / "other")])


def _row(name: str, right: int) -> ablation.Row:
    target = np.arange(700) % 7
    guess = np.where(np.arange(700) // 7 < right, target, (target + 1) % 7)
    p = np.eye(7)[guess]
    base = np.eye(7)[np.where(np.arange(700) // 7 < 50, target, (target + 1) % 7)]
    answers, over = (Answers(one, one, target, np.arange(700)) for one in (p, base))
    return ablation.row(name, "x", answers, over, bootstrap=200)


def test_of_many_switches_one_that_moves_by_luck_is_not_told_from_chance() -> None:
    lucky, real = _row("lucky", 51), _row("real", 90)
    assert lucky.gained is not None
    assert lucky.gained.p < 0.05  # alone it would pass: seven hits more, all of them in its favour
    idle = [_row(f"idle-{i}", 50) for i in range(9)]
    report = ablation.build("fused", [lucky, real, *idle], None, {}, side="validation", bootstrap=200)
    assert report.lead.startswith("Of 11 changes to fused, judged on the validation side, 0 move")
    assert any("200 resamples cannot tell any of 11 rows" in limit for limit in report.limits)
    few = ablation.build("fused", [lucky, real, *idle[:1]], None, {}, side="test", bootstrap=200)
    assert "2 move" in few.lead
    assert any("has spent that side" in limit for limit in few.limits)
    assert any("winner's curse" in limit for limit in few.limits)
