"""Runs of several folds as one out-of-fold figure: whether they are one experiment, and how much of it is there."""

from __future__ import annotations

from typing import Any

from training.data.records import DataError
from training.data.schemes import folds_of
from training.fitting.config import flat, read_config
from training.fitting.runs import Run


def check_one_experiment(runs: list[Run]) -> None:
    """Raise ``DataError`` unless ``runs`` differ in their fold alone: one scheme, seed, set of pictures and recipe."""
    first = _experiment(runs[0])
    for run in runs[1:]:
        other = _experiment(run)
        unlike = sorted(key for key in first.keys() | other.keys() if first.get(key) != other.get(key))
        if unlike:
            raise DataError(
                f"{runs[0].path.name} and {run.path.name} differ in {', '.join(unlike)}: only folds of one experiment "
                "pool into an out-of-fold figure."
            )


def folds_there(runs: list[Run]) -> str:
    """Such as '2 of 5 folds'."""
    return f"{len({run.split.fold for run in runs})} of {folds_of(runs[0].split)} folds"


def _experiment(run: Run) -> dict[str, Any]:
    config = read_config(run.path / "config.json").to_dict()
    begun = config.pop("start")  # each fold goes on from weights of its own
    del config["wandb_project"]
    taught = len(config["distillation"].pop("teachers"))  # and has teachers of its own
    made_by = {"scheme": run.split.scheme, "split seed": run.split.seed, "pictures": run.split.ids_digest()}
    return {**made_by, "whether they went on from another run": begun is not None, "teachers": taught, **flat(config)}
