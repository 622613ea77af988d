"""Search for settings with Optuna: an exhaustive grid, or TPE (Bergstra et al. 2011); kept in SQLite, resumable.

One process searches at a time: what another one left unfinished is taken for cut short, and run again.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.samplers import BaseSampler, GridSampler, RandomSampler, TPESampler
from optuna.trial import TrialState

Values = dict[str, Any]
Objective = Callable[[optuna.Trial, Values], float]
SAMPLERS = ("tpe", "grid", "random")
ENDED = (TrialState.COMPLETE, TrialState.PRUNED)


@dataclass(frozen=True)
class Knob:
    """One searched setting: the configuration's dotted ``field``, what is drawn, and its stops on the grid."""

    field: str
    drawn: FloatDistribution | CategoricalDistribution
    grid: tuple[Any, ...]


Space = tuple[Knob, ...]
_DRAWS = ("root-frequency", "class-balanced")
KNOBS: Space = (
    Knob("schedule.peak", FloatDistribution(0.005, 0.5, log=True), (0.02, 0.05, 0.1, 0.2)),
    Knob("weight_decay", FloatDistribution(1e-5, 1e-2, log=True), (1e-4, 5e-4, 2e-3)),
    Knob("losses.smoothing", FloatDistribution(0.0, 0.2), (0.0, 0.05, 0.1)),
    Knob("losses.mask", FloatDistribution(0.0, 1.0), (0.0, 0.4)),
    Knob("schedule.mixup_share", FloatDistribution(0.0, 1.0), (0.0, 0.3)),
    Knob("sampling", CategoricalDistribution(_DRAWS), _DRAWS),
)


def space(fields: str) -> Space:
    """The knobs of a comma-separated list of fields. Raises ``ValueError`` for a field that has none."""
    known = {knob.field: knob for knob in KNOBS}
    wanted = [field.strip() for field in fields.split(",")]
    for field in wanted:
        if field not in known:
            raise ValueError(f"{field!r} is no setting to search; there are {', '.join(known)}.")
    return tuple(known[field] for field in wanted)


def sampler(name: str, knobs: Space, seed: int) -> BaseSampler:
    if name == "grid":
        return GridSampler({knob.field: list(knob.grid) for knob in knobs}, seed=seed)
    return TPESampler(seed=seed, constant_liar=False) if name == "tpe" else RandomSampler(seed=seed)


def draw(trial: optuna.Trial, knobs: Space, name: str) -> Values:
    """The settings of one trial by field; on a grid its stops are the only choices."""
    return {knob.field: _one(trial, knob, on_grid=name == "grid") for knob in knobs}


def _one(trial: optuna.Trial, knob: Knob, *, on_grid: bool) -> Any:
    if on_grid:
        return trial.suggest_categorical(knob.field, knob.grid)
    if isinstance(knob.drawn, FloatDistribution):
        return trial.suggest_float(knob.field, knob.drawn.low, knob.drawn.high, log=knob.drawn.log)
    return trial.suggest_categorical(knob.field, knob.drawn.choices)


def search(
    objective: Objective,
    knobs: Space,
    out: Path,
    *,
    name: str,
    trials: int,
    rising: bool,
    seed: int = 0,
    learned_from: str = "",
) -> optuna.Study:
    """Run until ``trials`` have ended, earlier calls counted, or the grid is exhausted; a row each in ``trials.csv``.

    ``objective`` gets a trial, to report to, and its settings; a trial worse than the median of the others at the same
    step may be pruned. Raises ``ValueError`` where ``out`` holds another search, such as one whose trials learned from
    other data: ``learned_from`` says from which, in words.
    """
    asked = {
        "settings": [knob.field for knob in knobs],
        "sampler": name,
        "rising": rising,
        "learned_from": learned_from,
    }
    study = _open(knobs, out, asked, seed=seed)

    def run(trial: optuna.Trial) -> float:
        return objective(trial, draw(trial, knobs, name))

    while (left := trials - sum(trial.state in ENDED for trial in study.trials)) > 0 and _open_ended(study):
        study.optimize(
            run, n_trials=1 if _waiting(study) else left, callbacks=[lambda study, _: _write_trials(study, out)]
        )
    _write_trials(study, out)
    return study


def trial_rows(study: optuna.Study) -> tuple[list[str], list[list[Any]]]:
    """Columns and rows: number, state, value, settings, validations seen and seconds of every trial, oldest first."""
    fields = study.user_attrs["settings"]
    rows = []
    for trial in study.trials:
        settings = [trial.params.get(field) for field in fields]
        seconds = round(trial.duration.total_seconds(), 1) if trial.duration else None
        seen = len(trial.intermediate_values)
        rows.append([trial.number, trial.state.name.lower(), trial.value, *settings, seen, seconds])
    return ["trial", "state", "value", *fields, "validations", "seconds"], rows


def _write_trials(study: optuna.Study, out: Path) -> None:
    columns, rows = trial_rows(study)
    with (out / "trials.csv").open("w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])


def _open(knobs: Space, out: Path, asked: dict[str, Any], *, seed: int) -> optuna.Study:
    name: str = asked["sampler"]
    out.mkdir(parents=True, exist_ok=True)
    study = optuna.create_study(
        storage=f"sqlite:///{(out / 'search.db').resolve()}",
        study_name="search",
        direction="maximize" if asked["rising"] else "minimize",
        sampler=RandomSampler(),  # for the book-keeping: a grid would end the search when it hears of a failure
        load_if_exists=True,
    )
    if (before := {**asked, **study.user_attrs}) != asked:
        what = f"{before['sampler']} over {', '.join(before['settings'])}"
        what += f", from {before['learned_from']}" if before["learned_from"] else ""
        raise ValueError(f"{out} holds another search ({what}); give another --out, or the same settings.")
    for key, value in asked.items():
        study.set_user_attr(key, value)
    _run_again(study)
    # A resumed search must not draw its past again; a grid keeps its seed, which orders its places.
    study.sampler = sampler(name, knobs, seed if name == "grid" else seed + len(study.trials))
    study.pruner = optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=1)
    return study


def _run_again(study: optuna.Study) -> None:
    """Queue each trial that a kill or an error cut short with its own settings, on a grid with its own place too."""
    for trial in study.get_trials(states=[TrialState.RUNNING]):
        study.tell(trial.number, state=TrialState.FAIL)
    followed = {trial.user_attrs.get("again") for trial in study.trials}
    for trial in study.get_trials(states=[TrialState.FAIL]):
        if trial.number not in followed:
            study.add_trial(
                optuna.create_trial(
                    state=TrialState.WAITING,
                    params=trial.params,
                    distributions=trial.distributions,
                    user_attrs={"again": trial.number},
                    system_attrs=trial.system_attrs,
                )
            )


def _waiting(study: optuna.Study) -> bool:
    return any(trial.state == TrialState.WAITING for trial in study.trials)


def _open_ended(study: optuna.Study) -> bool:
    return _waiting(study) or not (isinstance(study.sampler, GridSampler) and study.sampler.is_exhausted(study))
