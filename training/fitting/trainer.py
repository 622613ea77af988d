"""Lightning's trainer as a run needs it: averaged weights, resumable checkpoints, early stopping, logs, time left."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import EarlyStopping, EMAWeightAveraging, ModelCheckpoint, TQDMProgressBar
from lightning.pytorch.loggers import CSVLogger, Logger, TensorBoardLogger, WandbLogger

from training.fitting.checkpoints import WholeFiles
from training.fitting.config import TrainConfig


def trainer(config: TrainConfig, out: Path, *more: L.Callback) -> L.Trainer:
    """A trainer that leaves its checkpoints and logs in ``out``; ``more`` callbacks join its own."""
    return L.Trainer(
        accelerator="auto",
        devices=config.devices,
        num_nodes=config.nodes,
        strategy="ddp" if config.processes > 1 else "auto",
        use_distributed_sampler=False,  # WeightedDraw deals each process its share itself
        precision=config.precision,  # type: ignore[arg-type]
        max_epochs=config.epochs,
        accumulate_grad_batches=config.accumulate,
        check_val_every_n_epoch=config.validate_every,
        num_sanity_val_steps=0,
        log_every_n_steps=20,
        logger=_loggers(config, out),
        callbacks=[*_callbacks(config, out), *more],
        plugins=[WholeFiles()],
        enable_model_summary=False,
        gradient_clip_val=config.clip or None,
        benchmark=True,  # one picture size an epoch: a GPU finds its fastest convolutions once
    )


def best(made: L.Trainer) -> Path | None:
    """The checkpoint of lowest validation loss, where early stopping kept one."""
    kept = [c for c in made.callbacks if isinstance(c, ModelCheckpoint) and c.monitor]  # type: ignore[attr-defined]
    return Path(kept[0].best_model_path) if kept and kept[0].best_model_path else None


class TimeLeft(TQDMProgressBar):
    """Lightning's bar, and how long the rest of the run takes at the pace so far."""

    def get_metrics(self, trainer: L.Trainer, model: Any) -> dict[str, Any]:
        shown: dict[str, Any] = super().get_metrics(trainer, model)
        shown.pop("v_num", None)
        if model.progress > 0:
            left = model.elapsed * (1 - model.progress) / model.progress
            shown["left"] = str(timedelta(seconds=round(left)))
        return shown


def _callbacks(config: TrainConfig, out: Path) -> list[L.Callback]:
    averaging = [EMAWeightAveraging(decay=config.ema, update_starting_at_step=0)] if config.ema else []
    # Written at the end of every epoch, not in an exception handler: a killed process runs none.
    last = ModelCheckpoint(
        out,
        filename="last",
        every_n_epochs=1,
        save_on_train_epoch_end=True,
        save_on_exception=False,
        enable_version_counter=False,
    )
    early: list[L.Callback] = []
    if config.patience:
        early = [
            EarlyStopping("val_loss", patience=config.patience),
            ModelCheckpoint(out, filename="best", monitor="val_loss", enable_version_counter=False),
        ]
    # The last checkpoint is written last: it holds which was the best.
    return [*averaging, *early, last, TimeLeft(refresh_rate=10)]


def _loggers(config: TrainConfig, out: Path) -> list[Logger]:
    loggers: list[Logger] = [CSVLogger(out, name="log"), TensorBoardLogger(out, name="tensorboard")]
    if config.wandb_project:
        try:
            loggers.append(WandbLogger(project=config.wandb_project, save_dir=out, name=out.name))
        except ModuleNotFoundError:
            raise ValueError("Weights & Biases is not installed: pip install wandb, or leave out --wandb-project.")
    return loggers
