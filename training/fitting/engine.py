"""A run from records to weights, turned by Lightning: averaged weights, resumable checkpoints, early stopping."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import EarlyStopping, EMAWeightAveraging, ModelCheckpoint, TQDMProgressBar
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from torch import Tensor
from torch.utils.data import DataLoader

from training.data.cleaning import median_age
from training.data.pictures import Pictures, standardisation
from training.data.presets import Recipe
from training.data.records import Record
from training.data.splits import Split
from training.fitting.config import Priors, TrainConfig
from training.fitting.learner import Learner
from training.fitting.sampling import (
    Photographs,
    WeightedDraw,
    balanced_class_weights,
    draw_weights,
    log_prior,
    targets,
)


@dataclass(frozen=True)
class Trained:
    """Where a run left its weights, and what it cost."""

    checkpoint: Path
    epochs: int
    minutes: float


def fit(records: list[Record], pictures: Pictures, split: Split, config: TrainConfig, out: Path) -> Trained:
    """Train into ``out`` (config.json, split.json, priors.json, last.ckpt, final.ckpt); resumes from last.ckpt."""
    pictures.require(Recipe(config.preset, config.filters))
    out.mkdir(parents=True, exist_ok=True)
    place = {record.image_id: i for i, record in enumerate(records)}
    train_rows = [place[image] for image in split.train]
    train_records = [records[row] for row in train_rows]
    weights = draw_weights(train_records, config.sampling)
    priors = fit_priors(train_records, pictures, train_rows, weights)
    if config.losses.class_weights == "balanced":
        priors = replace(priors, class_weights=tuple(balanced_class_weights(targets(train_records)).tolist()))
    if config.network.colours is not None:
        priors = replace(priors, mean=config.network.colours[0], std=config.network.colours[1])
    _write_record(out, config, split, priors)
    train = DataLoader(
        Photographs(records, train_rows, pictures, view="stored", encoding=priors.encoding),
        sampler=WeightedDraw(weights, len(train_rows), config.seed),
        batch_size=config.batch,
        drop_last=len(train_rows) > config.batch,  # a last batch of one would break its batch norm
        collate_fn=_as_is,
    )
    judge_rows = [place[image] for image in split.validation]
    judge = DataLoader(
        Photographs(records, judge_rows, pictures, view="viewed", encoding=priors.encoding),
        batch_size=config.batch,
        collate_fn=_as_is,
    )
    L.seed_everything(config.seed, verbose=False)  # the first weights
    learner = Learner(config, priors, len(train))
    learner.network.load_pretrained()
    trainer = _trainer(config, out)
    last = out / "last.ckpt"
    trainer.fit(learner, train, judge, ckpt_path=str(last) if last.exists() else None, weights_only=False)
    final = out / "final.ckpt"
    trainer.save_checkpoint(final, weights_only=True)
    best = _best(trainer)
    if best:
        _restore(best, final, learner.elapsed)
    return Trained(best or final, trainer.current_epoch, learner.elapsed / 60)


def fit_priors(records: list[Record], pictures: Pictures, rows: list[int], weights: Tensor) -> Priors:
    """Statistics of the training side: no other picture can change them."""
    mean, std = standardisation(pictures.viewed, rows)
    true = log_prior(records, torch.ones(len(records)))
    drawn = log_prior(records, weights)
    return Priors(mean, std, tuple(drawn.tolist()), tuple(true.tolist()), age_center=median_age(records))


def _as_is(batch: Any) -> Any:
    return batch  # Photographs answers whole batches already


def _write_record(out: Path, config: TrainConfig, split: Split, priors: Priors) -> None:
    (out / "config.json").write_text(json.dumps(config.to_dict(), indent=1))
    (out / "priors.json").write_text(json.dumps(asdict(priors), indent=1))
    split.save(out / "split.json")


def _trainer(config: TrainConfig, out: Path) -> L.Trainer:
    averaging = [EMAWeightAveraging(decay=config.ema, update_starting_at_step=0)] if config.ema else []
    callbacks: list[L.Callback] = [
        *averaging,
        # Written at the end of every epoch, not in an exception handler: a killed process runs none.
        ModelCheckpoint(
            out,
            filename="last",
            every_n_epochs=1,
            save_on_train_epoch_end=True,
            save_on_exception=False,
            enable_version_counter=False,
        ),
        TQDMProgressBar(refresh_rate=10),
    ]
    if config.patience:
        callbacks += [
            EarlyStopping("val_loss", patience=config.patience),
            ModelCheckpoint(out, filename="best", monitor="val_loss", enable_version_counter=False),
        ]
    return L.Trainer(
        accelerator="auto",
        devices=1,
        precision=config.precision,  # type: ignore[arg-type]
        max_epochs=config.epochs,
        check_val_every_n_epoch=config.validate_every,
        num_sanity_val_steps=0,
        log_every_n_steps=20,
        logger=[CSVLogger(out, name="log"), TensorBoardLogger(out, name="tensorboard")],
        callbacks=callbacks,
        enable_model_summary=False,
        gradient_clip_val=5.0,
        benchmark=True,  # one picture size an epoch: a GPU finds its fastest convolutions once
    )


def _best(trainer: L.Trainer) -> Path | None:
    kept = [c for c in trainer.callbacks if isinstance(c, ModelCheckpoint) and c.monitor]  # type: ignore[attr-defined]
    return Path(kept[0].best_model_path) if kept and kept[0].best_model_path else None


def _restore(best: Path, final: Path, elapsed: float) -> None:
    """Make the weights of lowest validation loss the final ones, at the price that the whole run had."""
    saved = torch.load(best, map_location="cpu", weights_only=True)
    ended = torch.load(final, map_location="cpu", weights_only=True)
    torch.save({**ended, "state_dict": saved["state_dict"], "epoch": saved["epoch"], "elapsed": elapsed}, final)
