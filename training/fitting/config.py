"""All that makes a run, as frozen values that are written beside its weights."""

from __future__ import annotations

from dataclasses import dataclass, field

from training.fitting.losses import LossWeights
from training.fitting.schedule import Schedule
from training.networks.fused import FusedConfig
from training.networks.network import NetworkConfig


@dataclass(frozen=True)
class TrainConfig:
    """All that makes a run, written beside its weights.

    ``budget_minutes`` > 0 lets the schedule follow the clock and stop on time (the figure then depends on the machine);
    0 follows ``epochs`` alone, and the same configuration gives the same run.
    """

    network: NetworkConfig = field(default_factory=FusedConfig)
    schedule: Schedule = field(default_factory=Schedule)
    losses: LossWeights = field(default_factory=LossWeights)
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


@dataclass(frozen=True)
class Priors:
    """What the training side alone fixes: colour statistics and two log priors (of the draw, and the true one)."""

    mean: tuple[float, ...]
    std: tuple[float, ...]
    drawn: tuple[float, ...]
    true: tuple[float, ...]
