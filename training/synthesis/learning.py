"""A generator from records to weights: what it may see, what it will cost, and a run that goes on after a kill."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger
from torch.utils.data import DataLoader

from training.data.pictures import Pictures
from training.data.presets import Recipe
from training.data.records import DataError, Record
from training.data.splits import LeakError, Split
from training.fitting.checkpoints import WholeFiles, write_final
from training.fitting.sampling import WeightedDraw, draw_weights
from training.fitting.trainer import TimeLeft
from training.synthesis.averaging import WarmAveraging
from training.synthesis.canvases import Canvases
from training.synthesis.config import GeneratorConfig, read_generator_config
from training.synthesis.learners import GeneratorLearner, learner

MEASURED = 3  # steps, after one that warms up


@dataclass(frozen=True)
class Cost:
    """What a run will take: ``steps`` of ``seconds`` each, or ``budget_minutes`` where those are fewer."""

    steps: int
    seconds: float
    parameters: int
    budget_minutes: float = 0.0

    @property
    def total_seconds(self) -> float:
        whole = self.steps * self.seconds
        return min(whole, self.budget_minutes * 60) if self.budget_minutes else whole

    def __str__(self) -> str:
        fitting = int(self.total_seconds / self.seconds)
        return (
            f"Plan: {self.parameters:,} parameters, {fitting:,} of {self.steps:,} steps of {self.seconds:.2f} s: "
            f"about {timedelta(seconds=round(self.total_seconds))} (h:mm:ss). A killed run goes on from last.ckpt."
        )


def learn(
    records: list[Record],
    pictures: Pictures,
    split: Split,
    config: GeneratorConfig,
    out: Path,
    *more: L.Callback,
    before: Callable[[Cost], None] | None = None,
) -> Path:
    """Train into ``out`` (config.json, split.json, last.ckpt, final.ckpt), return final.ckpt; resumes from last.ckpt.

    Only the training side of ``split`` is seen, whose hash the record keeps. ``before`` is told the cost of a new run.
    Raises ``LeakError`` for a split that leaks, ``DataError`` where ``out`` holds the beginning of another run or a
    packed generator, or ``config`` averages as older runs did.
    """
    if split.leaks:
        raise LeakError(
            f"{split.scheme}: a generator learns from a split by lesion; its pictures would carry the leak on."
        )
    if config.averaging != "warm":
        raise DataError("This record averages from the first step on, as older ones did; begin anew.")
    pictures.require(Recipe())
    config = replace(config, split_sha256=split.digest())
    data = loader(Canvases(records, pictures, split, config.size), config)
    L.seed_everything(config.seed, verbose=False)  # the first weights
    made = learner(config)
    last, final = out / "last.ckpt", out / "final.ckpt"
    if last.exists():
        if read_generator_config(out / "config.json") != config:
            raise DataError(f"{out} holds a generator of other settings or another split; give another --out.")
        if final.exists():
            return final
    elif final.exists():
        raise DataError(f"{out} holds a finished generator without last.ckpt, as pack writes it; give another --out.")
    else:
        _write_record(out, config, split)
        if before is not None:
            before(measure(made, data))
    run = _trainer(config, out, *more)
    run.fit(made, data, ckpt_path=str(last) if last.exists() else None, weights_only=False)
    write_final(last, final)
    return final


def loader(canvases: Canvases, config: GeneratorConfig) -> DataLoader[Any]:
    """Batches whose draw depends on seed and epoch alone; an epoch is the stretch between two checkpoints."""
    weights = draw_weights(canvases.records, config.sampling)
    draw = WeightedDraw(weights, config.checkpoint_every * config.batch, config.seed)
    return DataLoader(canvases, sampler=draw, batch_size=config.batch, collate_fn=lambda batch: batch)


def measure(made: GeneratorLearner, data: DataLoader[Any]) -> Cost:
    """Seconds of a step, on a copy: the run itself is left as it was, its random numbers too."""
    config, copy = made.config, deepcopy(made)
    clock = _Clock()
    with torch.random.fork_rng():
        trial = L.Trainer(
            accelerator="auto", devices=1, precision=config.precision, max_epochs=1,  # type: ignore[arg-type]
            limit_train_batches=1 + MEASURED, callbacks=[clock], logger=False, enable_checkpointing=False,
            enable_progress_bar=False, enable_model_summary=False,
        )  # fmt: skip
        copy.config = replace(config, budget_minutes=0.0, steps=10**9)
        trial.fit(copy, data)
    parameters = sum(p.numel() for p in made.network.parameters())
    return Cost(config.steps, clock.seconds / max(1, clock.counted), parameters, config.budget_minutes)


class _Clock(L.Callback):
    def __init__(self) -> None:
        self.seconds, self.counted, self.before = 0.0, 0, 0.0

    def on_train_batch_end(self, *args: Any, **kwargs: Any) -> None:
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        now = time.monotonic()
        if self.before:
            self.seconds, self.counted = self.seconds + now - self.before, self.counted + 1
        self.before = now


def _trainer(config: GeneratorConfig, out: Path, *more: L.Callback) -> L.Trainer:
    averaging = [WarmAveraging(config.ema)] if config.ema else []
    last = ModelCheckpoint(
        out, filename="last", every_n_epochs=1, save_on_train_epoch_end=True, save_on_exception=False,
        enable_version_counter=False,
    )  # fmt: skip
    return L.Trainer(
        accelerator="auto",
        devices=1,
        use_distributed_sampler=False,
        precision=config.precision,  # type: ignore[arg-type]
        max_epochs=-(-config.steps // config.checkpoint_every),
        log_every_n_steps=20,
        logger=[CSVLogger(out, name="log")],
        callbacks=[*averaging, last, TimeLeft(refresh_rate=10), *more],
        plugins=[WholeFiles()],
        enable_model_summary=False,
        gradient_clip_val=config.clip or None,
        benchmark=True,
    )


def _write_record(out: Path, config: GeneratorConfig, split: Split) -> None:
    out.mkdir(parents=True, exist_ok=True)
    (out / "config.json").write_text(json.dumps(config.to_dict(), indent=1))
    split.save(out / "split.json")
