"""Networks that are compared: each trained equally long on one split, or read back where it finished."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from training.data.pictures import Pictures
from training.data.presets import Recipe
from training.data.records import DataError, Record
from training.data.splits import Split
from training.fitting.config import TrainConfig, flat, read_config
from training.fitting.engine import fit
from training.fitting.runs import Run, load_run
from training.metrics import Answers
from training.networks.registry import named
from training.studies import answered

ENDLESS = 100_000  # epochs: the clock ends the run, not their number


# Without batch norm the recipe's SGD at .1 diverges; these take Adam, the report's two at the report's rates.
_ADAM_RATES = {"dnn": 7.5e-4, "cnn": 1e-4, "vgg16": 1e-4}


def recipe(name: str) -> TrainConfig:
    """The default recipe for the network called ``name``; only the optimiser differs where it must."""
    config = TrainConfig(network=named(name)())
    if name not in _ADAM_RATES:
        return config
    return replace(config, optimiser="adam", schedule=replace(config.schedule, peak=_ADAM_RATES[name]))


@dataclass(frozen=True)
class Trained:
    """A finished run with its calibrated answers on the side that is judged, by path."""

    run: Run
    answers: dict[str, Answers]

    @property
    def length(self) -> str:
        """What its training was given: minutes, or epochs where no clock ended it."""
        minutes = self.run.config["budget_minutes"]
        return f"{minutes:g} minutes" if minutes else f"{self.run.config['epochs']} epochs"


@dataclass(frozen=True)
class Field:
    """What all contenders share. ``minutes`` of training for each that is missing in ``folder``; 0 trains nothing.

    ``side`` is what they are judged on: 'validation' to choose, 'test' to report what was chosen.
    """

    records: list[Record]
    pictures: Pictures
    split: Split
    folder: Path
    minutes: float
    side: str


def asked_for(name: str, field: Field) -> bool:
    """Whether there is anything to read or train of the run ``name``."""
    return bool(field.minutes) or (field.folder / name / "final.ckpt").exists()


def obtain(name: str, config: TrainConfig, field: Field) -> Trained | None:
    """The run ``folder/name``, trained or resumed if it is not finished; None if it is missing and may not train.

    Raises ``DataError`` for a run of another split, network, length, or way to prepare pictures or metadata: they would
    not be one comparison.
    """
    folder = field.folder / name
    if not asked_for(name, field):
        return None
    if not (folder / "final.ckpt").exists():
        timed = replace(config, budget_minutes=field.minutes, epochs=ENDLESS, patience=0)
        fit(field.records, field.pictures, field.split, timed, folder)
    run = load_run(folder)
    _check(run, name, config, field)
    return Trained(run, answered.answer(run, field.records, field.pictures, [field.side])[field.side])


def _check(run: Run, name: str, config: TrainConfig, field: Field) -> None:
    if run.split.digest() != field.split.digest():
        raise DataError(f"The run {name} was trained on another split; name another --runs folder.")
    if run.network_config != config.network:
        raise DataError(f"The folder {name} holds another network than its name says; name another --runs folder.")
    learned = Recipe.of(run.config), run.config.get("cleaning", "keep")
    shown = field.pictures.recipe, config.cleaning
    if learned != shown:
        raise DataError(
            f"The run {name} learned from pictures made as '{learned[0]}' and metadata cleaned as '{learned[1]}', not "
            f"'{shown[0]}' and '{shown[1]}' as the others here: evaluate it apart."
        )
    budget = run.config["budget_minutes"]
    if field.minutes and budget != field.minutes:
        raise DataError(
            f"The run {name} was trained with a budget of {budget:g} minutes, not {field.minutes:g}: give its "
            "--minutes-each or another --runs folder."
        )
    found, asked = (_recipe_of(one) for one in (read_config(run.path / "config.json"), config))
    # A field that one of them fills with others, such as the start, has other names there.
    unlike = [f"{key} {found.get(key)}, not {value}" for key, value in asked.items() if found.get(key) != value]
    unlike += [f"{key} {value}" for key, value in found.items() if key not in asked]
    if unlike:
        raise DataError(f"The run {name} was trained with {'; '.join(unlike)}: name another --runs folder.")


def _recipe_of(config: TrainConfig) -> dict[str, Any]:
    """What contenders must share with their recipe: all but their length, which is the budget's, and where they log."""
    alike = replace(config, budget_minutes=0.0, epochs=1, patience=0, wandb_project=None)
    return flat(alike.to_dict())


def check_one_budget(runs: Mapping[str, Trained | None]) -> None:
    """Raise ``DataError`` unless all that are there were trained for the same minutes, or else the same epochs."""
    lengths = {name: one.length for name, one in runs.items() if one}
    if len(set(lengths.values())) > 1:
        named = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise DataError(f"These runs were not trained equally long ({named}), so they are no one comparison.")
