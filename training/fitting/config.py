"""All that makes a run, as frozen values that are written beside its weights and read back from there."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from inference.metadata import MetadataEncoding
from training.data.records import DataError
from training.fitting.distillation import Distillation
from training.fitting.generated import Generated
from training.fitting.losses import LossWeights
from training.fitting.optimisers import OPTIMISERS
from training.fitting.sampling import SAMPLINGS
from training.fitting.schedule import Schedule
from training.networks.fused import FusedConfig
from training.networks.network import NetworkConfig
from training.networks.registry import from_dict, to_dict


@dataclass(frozen=True)
class Start:
    """Whose weights a run began with, and what they had cost, with their own start.

    ``sha256`` is that of a run's final.ckpt, or a bundle's own where ``member`` says which of its networks it was.
    """

    sha256: str
    epochs: int
    minutes: float
    member: int | None = None


@dataclass(frozen=True)
class TrainConfig:
    """All that makes a run, written beside its weights.

    ``budget_minutes`` > 0 lets the schedule follow the clock and stop on time (the figure then depends on the machine);
    0 follows ``epochs`` alone, and the same configuration gives the same run. ``patience`` counts validations without
    a lower loss before the run stops and keeps its best weights; 0 never stops early. ``clip`` is the longest gradient,
    0 for any. Each of ``devices`` × ``nodes`` processes takes ``batch`` photographs, ``accumulate`` times a step.
    """

    network: NetworkConfig = field(default_factory=FusedConfig)
    schedule: Schedule = field(default_factory=Schedule)
    losses: LossWeights = field(default_factory=LossWeights)
    distillation: Distillation = field(default_factory=Distillation)
    source: str = "ham10000"
    preset: str = "own"
    filters: tuple[str, ...] = ()
    cleaning: str = "keep"
    seed: int = 0
    epochs: int = 100
    budget_minutes: float = 0.0
    batch: int = 64
    weight_decay: float = 5e-4
    momentum: float = 0.9
    mixup_alpha: float = 0.2
    drop_all_metadata: float = 0.3
    drop_field: float = 0.1
    ema: float = 0.998
    patience: int = 0
    validate_every: int = 3
    precision: str = "bf16-mixed"
    optimiser: str = "sgd-nesterov"
    sampling: str = "root-frequency"
    clip: float = 5.0
    accumulate: int = 1
    devices: int = 1
    nodes: int = 1
    wandb_project: str | None = None
    start: Start | None = None
    generated: Generated | None = None

    def __post_init__(self) -> None:
        if self.sampling not in SAMPLINGS:
            raise ValueError(f"There is no sampling {self.sampling!r}; choose one of {', '.join(SAMPLINGS)}.")
        if self.optimiser not in OPTIMISERS:
            raise ValueError(f"There is no optimiser {self.optimiser!r}; choose one of {', '.join(OPTIMISERS)}.")

        if min(self.epochs, self.batch, self.validate_every, self.accumulate, self.devices, self.nodes) < 1:
            raise ValueError("Epochs, batch, validation, accumulation, devices and nodes are 1 or more each.")

    @property
    def processes(self) -> int:
        return self.devices * self.nodes

    def to_dict(self) -> dict[str, Any]:
        """As plain values, with the network's name; ``read_config`` reads them back."""
        return {**asdict(self), "network": to_dict(self.network)}


@dataclass(frozen=True)
class Priors:
    """What the training side alone fixes: colour statistics, two log priors (of the draw, and the true one), weights.

    ``class_weights`` (K,) are those of the loss; empty where it has none. ``age_center`` is the median age in years,
    which stands for an unknown age beside the indicator that it is unknown.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    drawn: tuple[float, ...]
    true: tuple[float, ...]
    class_weights: tuple[float, ...] = ()
    age_center: float = MetadataEncoding().age_center

    @property
    def encoding(self) -> MetadataEncoding:
        """How the run sees metadata."""
        return MetadataEncoding(age_center=self.age_center)

    @property
    def learned(self) -> tuple[float, ...]:
        """Log prior that the loss learns under: the draw's, each class times its weight in the loss."""
        weights = self.class_weights or (1.0,) * len(self.drawn)
        return tuple(drawn + math.log(weight) for drawn, weight in zip(self.drawn, weights, strict=True))


def read_config(path: Path) -> TrainConfig:
    """Read a run's ``config.json``. What an older one does not name has today's default.

    Raises ``DataError`` where there is none, or where it names what this version does not know.
    """
    try:
        document: dict[str, Any] = _tuples(json.loads(path.read_text()))
        network = from_dict({"name": "fused", **document.pop("network")})  # the first records had one kind, unnamed
        schedule, losses = Schedule(**document.pop("schedule")), LossWeights(**document.pop("losses"))
        taught = Distillation(**document.pop("distillation", {}))
        start = Start(**begun) if (begun := document.pop("start", None)) else None
        generated = Generated(**made) if (made := document.pop("generated", None)) else None
        return TrainConfig(
            network=network,
            schedule=schedule,
            losses=losses,
            distillation=taught,
            start=start,
            generated=generated,
            **document,
        )
    except FileNotFoundError:
        raise DataError(f"{path} is not there; give the config.json of a run.") from None
    except (TypeError, KeyError, ValueError) as error:
        raise DataError(f"{path} is no record of a run that this version can read: {error}") from error


def read_priors(path: Path) -> Priors:
    """Read a run's ``priors.json``. Raises ``DataError`` where there is none that this version can read."""
    try:
        return Priors(**_tuples(json.loads(path.read_text())))
    except (OSError, TypeError, ValueError):
        raise DataError(f"{path} holds no priors of a run; give the folder that train wrote.") from None


def changed(values: Any, field: str, value: Any) -> Any:
    """A frozen configuration with one field, dotted such as 'schedule.peak', set to ``value``."""
    name, _, inner = field.partition(".")
    return replace(values, **{name: changed(getattr(values, name), inner, value) if inner else value})


def flat(document: dict[str, Any], before: str = "") -> dict[str, Any]:
    """The same values by dotted name, such as 'schedule.peak'."""
    found: dict[str, Any] = {}
    for key, value in document.items():
        found |= flat(value, f"{before}{key}.") if isinstance(value, dict) else {before + key: value}
    return found


def _tuples(value: Any) -> Any:
    """JSON's lists as the tuples they were written from."""
    if isinstance(value, dict):
        return {key: _tuples(inner) for key, inner in value.items()}
    return tuple(_tuples(inner) for inner in value) if isinstance(value, list) else value
