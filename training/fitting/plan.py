"""What a run will cost, measured on its own first steps before it starts, and the largest batch that fits memory."""

from __future__ import annotations

import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import lightning as L
import torch
from lightning.pytorch.utilities.memory import garbage_collection_cuda, is_oom_error

from training.fitting.config import TrainConfig
from training.fitting.engine import Prepared
from training.fitting.schedule import Size

STEPS = 3  # measured a size; the first warms up and is not counted


@dataclass(frozen=True)
class Plan:
    """Seconds of a step by picture size, of a validation, and how many there will be of each."""

    steps: dict[Size, int]
    seconds: dict[Size, float]
    epochs: int
    validations: int
    validation_seconds: float
    budget_minutes: float = 0.0

    @property
    def total_seconds(self) -> float:
        """Projected wall time of the whole run, its budget where it has one that is shorter."""
        training = sum(count * self.seconds[size] for size, count in self.steps.items())
        if self.budget_minutes:
            training = min(training, self.budget_minutes * 60)
        return training + self.validations * self.validation_seconds

    def __str__(self) -> str:
        sizes = ", ".join(
            f"{count:,} steps at {size[0]}×{size[1]} of {self.seconds[size]:.2f} s"
            for size, count in self.steps.items()
        )
        each = sum(count * self.seconds[size] for size, count in self.steps.items()) / self.epochs
        return (
            f"Plan: {self.epochs} epochs of about {each:.0f} s ({sizes}) and {self.validations} validations of "
            f"{self.validation_seconds:.1f} s: about {timedelta(seconds=round(self.total_seconds))} (h:mm:ss)."
        )


def measure(run: Prepared) -> Plan:
    """Measure a few steps at each size of the run's schedule, and a part of a validation, on a copy of its network.

    The run itself is left as it was, its random numbers too.
    """
    config, per_epoch = run.config, run.learner.total_steps // run.config.epochs
    steps: dict[Size, int] = {}
    for epoch in range(config.epochs):
        size = config.network.input_size or config.schedule.size(epoch / config.epochs)
        steps[size] = steps.get(size, 0) + per_epoch
    seconds = {size: try_steps(run, size) * config.accumulate for size in steps}
    validations = config.epochs // config.validate_every
    once = _validation(run) if validations else 0.0
    return Plan(steps, seconds, config.epochs, validations, once, config.budget_minutes)


def try_steps(run: Prepared, size: Size) -> float:
    """Seconds that one batch of ``size`` takes, from the disk to the moved weights; memory errors pass through."""
    clock = _Clock()
    with torch.random.fork_rng():
        _trial_trainer(run.config, clock).fit(_copy(run, size), run.train, run.judge)
    return clock.seconds / clock.counted if clock.counted else clock.first


def try_largest(run: Prepared) -> float:
    """``try_steps`` at the largest pictures of the schedule."""
    sizes = [size for _, size in run.config.schedule.sizes]
    return try_steps(run, run.config.network.input_size or max(sizes, key=lambda size: size[0] * size[1]))


def _validation(run: Prepared) -> float:
    clock = _Clock()
    size = run.config.network.input_size or run.config.schedule.sizes[-1][1]
    with torch.random.fork_rng():
        _trial_trainer(run.config, clock).validate(_copy(run, size), run.judge, verbose=False)
    batch = clock.seconds / clock.counted if clock.counted else clock.first
    return batch * len(run.judge)


def _copy(run: Prepared, size: Size) -> L.LightningModule:
    learner = deepcopy(run.learner)
    # A plateau would ask for a validation that these few steps do not have.
    schedule = replace(run.config.schedule, sizes=((1.0, size),), rate="constant")
    learner.config = replace(run.config, schedule=schedule, budget_minutes=0.0)
    return learner


def _trial_trainer(config: TrainConfig, clock: L.Callback) -> L.Trainer:
    return L.Trainer(
        accelerator="auto",
        devices=1,
        precision=config.precision,  # type: ignore[arg-type]
        max_steps=STEPS,
        limit_val_batches=2,
        check_val_every_n_epoch=10**6,
        num_sanity_val_steps=0,
        gradient_clip_val=config.clip or None,
        callbacks=[clock],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        benchmark=True,
    )


class _Clock(L.Callback):
    """Seconds between the ends of batches, the first one apart."""

    def __init__(self) -> None:
        self.seconds, self.counted, self.first, self._before = 0.0, 0, 0.0, 0.0

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self._before = time.monotonic()

    def on_train_batch_end(self, *args: Any, **kwargs: Any) -> None:
        self._tick()

    def on_validation_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        self._before = time.monotonic()

    def on_validation_batch_end(self, *args: Any, **kwargs: Any) -> None:
        self._tick()

    def _tick(self) -> None:
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        now = time.monotonic()
        if self.first:
            self.seconds, self.counted = self.seconds + now - self._before, self.counted + 1
        else:
            self.first = now - self._before
        self._before = now


def batch_that_fits(config: TrainConfig, attempt: Callable[[TrainConfig], object]) -> TrainConfig:
    """``config`` with its batch halved until ``attempt`` raises no memory error, and accumulation that makes it up.

    A step then has as many photographs as was asked for. Raises ``ValueError`` when not even 2 or 3 fit.
    """
    fitting = config
    while True:
        try:
            attempt(fitting)
            return fitting
        except RuntimeError as error:
            if not is_oom_error(error):
                raise
        garbage_collection_cuda()
        if fitting.batch < 4:
            raise ValueError(f"Not even a batch of {fitting.batch} fits the memory; choose smaller pictures.")
        fitting = replace(fitting, batch=fitting.batch // 2, accumulate=fitting.accumulate * 2)
