"""Grid and TPE: exhaustive, resumable after a kill, one row a trial, pruned, and better than chance."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path
from statistics import median

import optuna
import pytest

from tests.training.fitting.test_engine import TINY
from training.__main__ import main
from training.data import ham10000
from training.data.cleaning import clean
from training.data.pictures import Pictures, load_pictures, standardisation
from training.data.presets import Recipe
from training.data.records import Record
from training.data.schemes import image_level
from training.data.splits import split_by_lesion
from training.fitting.engine import fit
from training.fitting.pruning import Reported
from training.fitting.runs import load_run
from training.fitting.search import ENDED, Values, draw, sampler, search, space

optuna.logging.set_verbosity(optuna.logging.WARNING)
TWO = space("losses.smoothing, losses.mask")  # 3 × 2 places on the grid


def _bowl(values: Values) -> float:
    """Least at a rate of .05 and a smoothing of .04: what TPE is to find."""
    return math.log10(values["schedule.peak"] / 0.05) ** 2 + (10 * (values["losses.smoothing"] - 0.04)) ** 2


def _rows(out: Path) -> list[dict[str, str]]:
    with (out / "trials.csv").open() as file:
        return list(csv.DictReader(file))


def _count(_: optuna.Trial, values: Values) -> float:
    return float(values["losses.smoothing"])


def _stops_at(call: int) -> Callable[[optuna.Trial, Values], float]:
    calls = []

    def objective(trial: optuna.Trial, values: Values) -> float:
        calls.append(values)
        if len(calls) == call:
            raise KeyboardInterrupt
        return _count(trial, values)

    return objective


def test_a_grid_visits_every_place_once_though_it_was_stopped(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        search(_stops_at(3), TWO, tmp_path, name="grid", trials=100, rising=False)
    study = search(_count, TWO, tmp_path, name="grid", trials=100, rising=False)
    done = [tuple(t.params[k.field] for k in TWO) for t in study.trials if t.state in ENDED]
    assert sorted(done) == sorted(product(*(knob.grid for knob in TWO)))
    assert [row["state"] for row in _rows(tmp_path)].count("fail") == 1
    assert len(_rows(tmp_path)) == 7
    search(_stops_at(1), TWO, tmp_path, name="grid", trials=100, rising=False)  # nothing is left to call


def test_a_trial_that_a_kill_left_running_is_run_again_with_its_settings(tmp_path: Path) -> None:
    search(_count, TWO, tmp_path, name="tpe", trials=2, rising=False)
    storage = f"sqlite:///{tmp_path / 'search.db'}"
    killed = optuna.load_study(study_name="search", storage=storage).ask()
    settings = draw(killed, TWO, "tpe")  # and then nothing more is heard of it
    study = search(_count, TWO, tmp_path, name="tpe", trials=3, rising=False)
    assert [trial.state.name for trial in study.trials] == ["COMPLETE", "COMPLETE", "FAIL", "COMPLETE"]
    assert study.trials[3].params == settings
    assert [row["trial"] for row in _rows(tmp_path)] == ["0", "1", "2", "3"]


def test_tpe_continues_without_drawing_its_past_again(tmp_path: Path) -> None:
    search(_count, TWO, tmp_path, name="tpe", trials=3, rising=False)
    study = search(_count, TWO, tmp_path, name="tpe", trials=6, rising=False)
    assert len(study.trials) == len({trial.params["losses.mask"] for trial in study.trials}) == 6


def test_another_search_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    search(_count, TWO, tmp_path, name="tpe", trials=1, rising=False)
    with pytest.raises(ValueError, match=r"another search \(tpe over losses.smoothing, losses.mask\)"):
        search(_count, TWO[:1], tmp_path, name="tpe", trials=1, rising=False)
    here = {"name": "tpe", "trials": 1, "rising": False, "learned_from": "ham10000, keep, own"}
    search(_count, TWO, tmp_path / "data", **here)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="from ham10000, keep, own"):
        search(_count, TWO, tmp_path / "data", **{**here, "learned_from": "isic, keep, own"})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no setting to search; there are"):
        space("learning_rate")


def test_tpe_beats_random_search_in_the_median_of_twenty_seeds() -> None:
    knobs = space("schedule.peak,losses.smoothing")

    def best(name: str, seed: int) -> float:
        study = optuna.create_study(sampler=sampler(name, knobs, seed))
        study.optimize(lambda trial: _bowl(draw(trial, knobs, name)), n_trials=30)
        return study.best_value

    found = {name: median(best(name, seed) for seed in range(20)) for name in ("tpe", "random")}
    assert found["tpe"] < 0.7 * found["random"]


def test_a_run_that_falls_behind_is_ended_early(records: list[Record], pictures: Pictures, tmp_path: Path) -> None:
    study = optuna.create_study(pruner=optuna.pruners.MedianPruner(n_startup_trials=2))
    for _ in range(2):
        known = optuna.create_trial(value=0.1, intermediate_values={0: 0.1, 1: 0.1, 2: 0.1})
        study.add_trial(known)

    def objective(trial: optuna.Trial) -> float:
        reported = Reported(trial, "val_loss")
        fit(records, pictures, split_by_lesion(records, []), replace(TINY, epochs=5), tmp_path / "run", reported)
        return reported.last

    study.optimize(objective, n_trials=1)
    assert study.trials[-1].state == optuna.trial.TrialState.PRUNED
    assert list(study.trials[-1].intermediate_values) == [0]
    assert not (tmp_path / "run" / "final.ckpt").exists()


def test_the_command_searches_on_the_validation_side_and_leaves_a_record_of_every_trial(
    drawn: Path, tmp_path: Path
) -> None:
    data = ["--data", str(drawn), "--partial", "--cache", str(tmp_path / "cache"), "--out", str(tmp_path / "found")]
    small = ["--widths", "8-8-8-8", "--batch", "32", "--precision", "32-true", "--epochs", "1", "--validate-every", "1"]
    asked = ["--settings", "losses.mask", "--sampler", "grid", "--figure", "val_balanced_accuracy"]
    prepared = ["--filter", "clahe", "--cleaning", "mean-age"]
    printed = main(["search", *data, *small, *asked, *prepared])
    rows = _rows(tmp_path / "found")
    assert {float(row["losses.mask"]) for row in rows} == {0.0, 0.4}
    best = max(rows, key=lambda row: float(row["value"]))
    assert f"val_balanced_accuracy (p/prior) {float(best['value']):.4f}" in printed
    assert (tmp_path / "found" / "report.html").is_file()
    runs = [load_run(tmp_path / "found" / "trials" / f"{int(row['trial']):04d}") for row in rows]
    assert [one.config["losses"]["mask"] for one in runs] == [float(row["losses.mask"]) for row in rows]
    assert all(one.config["filters"] == ["clahe"] and one.config["cleaning"] == "mean-age" for one in runs)
    records = clean(ham10000.load(drawn, expect_full=False), "mean-age").records
    seen = load_pictures(records, tmp_path / "cache", Recipe(filters=("clahe",)))
    place = {record.image_id: i for i, record in enumerate(records)}
    mean, _ = standardisation(seen.viewed, [place[image] for image in runs[0].split.train])
    assert runs[0].priors.mean == pytest.approx(mean)  # learned from the filtered pictures, not only noted so
    with pytest.raises(SystemExit, match="from ham10000, mean-age, own \\+ clahe"):
        main(["search", *data, *small, *asked, "--cleaning", "mean-age"])


def test_nothing_is_searched_for_on_a_split_by_image(drawn: Path, records: list[Record], tmp_path: Path) -> None:
    image_level(records).save(tmp_path / "split.json")
    words = ["search", "--data", str(drawn), "--partial", "--out", str(tmp_path / "found")]
    for leaky in (["--scheme", "image-level"], ["--split", str(tmp_path / "split.json")]):
        with pytest.raises(SystemExit, match="settings win that learn lesions by heart"):
            main([*words, *leaky])
    assert not (tmp_path / "found").exists()
