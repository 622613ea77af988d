"""The training loop, turned by Lightning: seeded steps, averaged weights, resumable checkpoints, early stopping."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
import torch
from lightning.pytorch.callbacks import EarlyStopping, EMAWeightAveraging, ModelCheckpoint, TQDMProgressBar
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from sklearn.metrics import balanced_accuracy_score, roc_auc_score
from torch import Tensor
from torch.utils.data import DataLoader

from inference.metadata import MetadataEncoding
from training.augmentation import augment
from training.ham10000 import Record
from training.losses import LossWeights, total_loss
from training.network import FusedNetwork, NetworkConfig, Scores
from training.pictures import Pictures, standardisation
from training.sampling import Batch, Photographs, WeightedDraw, draw_weights, log_prior
from training.schedule import Schedule
from training.splits import Split


@dataclass(frozen=True)
class TrainConfig:
    """All that makes a run, written beside its weights.

    ``budget_minutes`` > 0 lets the schedule follow the clock and stop on time (the figure then depends on the machine);
    0 follows ``epochs`` alone, and the same configuration gives the same run.
    """

    network: NetworkConfig = NetworkConfig()
    schedule: Schedule = Schedule()
    losses: LossWeights = LossWeights()
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


class Learner(L.LightningModule):
    """One network, one optimiser; every random number of a step comes from (seed, step)."""

    def __init__(self, config: TrainConfig, priors: Priors, steps_per_epoch: int) -> None:
        super().__init__()
        self.config, self.priors = config, priors
        self.total_steps = max(1, config.epochs * steps_per_epoch)
        self.elapsed = 0.0
        self.network = FusedNetwork(config.network).to(memory_format=torch.channels_last)
        self.register_buffer("mean", torch.tensor(priors.mean).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(priors.std).view(1, 3, 1, 1))
        self.register_buffer("drawn", torch.tensor(priors.drawn))
        self.register_buffer("true", torch.tensor(priors.true))
        self.judged: list[tuple[Tensor, Tensor]] = []

    @property
    def progress(self) -> float:
        """0–1: the further of steps done and time used."""
        by_steps = self.global_step / self.total_steps
        by_clock = self.elapsed / (self.config.budget_minutes * 60) if self.config.budget_minutes else 0.0
        return min(1.0, max(by_steps, by_clock))

    def standardise(self, pictures: Tensor) -> Tensor:
        """Pictures 0–1 (N,3,H,W) → standardised, channels last."""
        out: Tensor = (pictures - self.mean) / self.std  # type: ignore[operator]
        return out.contiguous(memory_format=torch.channels_last)

    def forward(self, images: Tensor, metadata: Tensor) -> Scores:
        scores: Scores = self.network(self.standardise(images.float() / 255), metadata)
        return scores

    def on_train_epoch_start(self) -> None:
        # One size an epoch: changing it between steps would only cost caches.
        self.size = self.config.schedule.size(self.progress)

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        self.started = time.monotonic()
        for group in self.optimizers().param_groups:  # type: ignore[union-attr]
            group["lr"] = self.config.schedule.learning_rate(self.progress)

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        rng = torch.Generator().manual_seed(self.config.seed * 1_000_003 + self.global_step)
        torch.manual_seed(self.config.seed * 1_000_003 + self.global_step)  # dropout draws from the global generator
        how = self.config.schedule.augmentation(self.progress)
        pictures, masks = augment(batch.images, batch.masks, self.size, how, rng)
        metadata = withhold(batch.metadata, self.config, rng)
        target = torch.nn.functional.one_hot(batch.target, self.config.network.classes).float()
        pictures, masks, metadata, target = self._mix(pictures, masks, metadata, target)
        scores = self.network(self.standardise(pictures), metadata)
        loss = total_loss(
            scores,
            target,
            masks,
            batch.has_mask,
            log_prior=self.drawn,  # type: ignore[arg-type]
            head=self.network.head.weight,
            weights=self.config.losses,
        )
        self.log("loss", loss, prog_bar=True)
        self.log("progress", self.progress, prog_bar=True)
        return loss

    def _mix(self, pictures: Tensor, masks: Tensor, metadata: Tensor, target: Tensor) -> tuple[Tensor, ...]:
        """MixUp (Zhang et al. 2018) of each picture with another of the batch, on a share of the steps."""
        dice = np.random.default_rng((self.config.seed, self.global_step))
        if dice.random() >= self.config.schedule.mixup(self.progress):
            return pictures, masks, metadata, target
        share = float(dice.beta(self.config.mixup_alpha, self.config.mixup_alpha))
        order = torch.from_numpy(dice.permutation(len(pictures)))
        mixed = tuple(share * x + (1 - share) * x[order] for x in (pictures, masks, metadata, target))
        return mixed

    def on_train_batch_end(self, outputs: Any, batch: Batch, batch_idx: int) -> None:
        self.elapsed += time.monotonic() - self.started
        if self.progress >= 1:
            self.trainer.should_stop = True

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        self.judged.append((self(batch.images, batch.metadata).fused.float(), batch.target))

    def on_validation_epoch_end(self) -> None:
        scores, target = (torch.cat(parts) for parts in zip(*self.judged, strict=True))
        self.judged.clear()
        if self.trainer.sanity_checking:
            return
        probability = (scores + self.true).softmax(1)
        self.log("val_loss", torch.nn.functional.nll_loss(probability.clamp_min(1e-9).log(), target), prog_bar=True)
        self.log("val_balanced_accuracy", float(balanced_accuracy_score(target, scores.argmax(1))), prog_bar=True)
        if len(target.unique()) == self.config.network.classes:
            probability = probability.double()  # rows must sum to 1 more exactly than float32 does
            auc = roc_auc_score(target, probability / probability.sum(1, keepdim=True), multi_class="ovr")
            self.log("val_macro_auc", float(auc), prog_bar=True)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        decay = [p for p in self.network.parameters() if p.ndim > 1]
        rest = [p for p in self.network.parameters() if p.ndim <= 1]  # biases and norms are not decayed
        groups = [{"params": decay, "weight_decay": self.config.weight_decay}, {"params": rest, "weight_decay": 0.0}]
        return torch.optim.SGD(groups, lr=self.config.schedule.peak, momentum=self.config.momentum, nesterov=True)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["elapsed"] = self.elapsed

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.elapsed = checkpoint["elapsed"]


def withhold(metadata: Tensor, config: TrainConfig, rng: torch.Generator) -> Tensor:
    """Forget all metadata of some rows, and single fields of others, so that any may be unknown when served."""
    n = len(metadata)
    sexes = 3 + len(MetadataEncoding().sexes)
    keep = torch.rand(n, 4, generator=rng) >= torch.tensor([config.drop_all_metadata, *[config.drop_field] * 3])
    columns = torch.ones_like(metadata)
    for field, span in enumerate((slice(0, 3), slice(3, sexes), slice(sexes, None)), start=1):
        columns[:, span] = keep[:, field : field + 1].to(metadata.dtype)
    return metadata * columns * keep[:, :1]


@dataclass(frozen=True)
class Trained:
    """Where a run left its weights, and what it cost."""

    checkpoint: Path
    epochs: int
    minutes: float


def fit(records: list[Record], pictures: Pictures, split: Split, config: TrainConfig, out: Path) -> Trained:
    """Train into ``out`` (config.json, split.json, priors.json, last.ckpt, final.ckpt); resumes from last.ckpt."""
    out.mkdir(parents=True, exist_ok=True)
    place = {record.image_id: i for i, record in enumerate(records)}
    train_rows = [place[image] for image in split.train]
    train_records = [records[row] for row in train_rows]
    weights = draw_weights(train_records)
    priors = fit_priors(train_records, pictures, train_rows, weights)
    _write_record(out, config, split, priors)
    train = DataLoader(
        Photographs(records, train_rows, pictures, view="stored"),
        sampler=WeightedDraw(weights, len(train_rows), config.seed),
        batch_size=config.batch,
        drop_last=len(train_rows) > config.batch,  # a last batch of one would break its batch norm
        collate_fn=_as_is,
    )
    judge_rows = [place[image] for image in split.validation]
    judge = DataLoader(
        Photographs(records, judge_rows, pictures, view="viewed"), batch_size=config.batch, collate_fn=_as_is
    )
    L.seed_everything(config.seed, verbose=False)  # the first weights
    learner = Learner(config, priors, len(train))
    trainer = _trainer(config, out)
    last = out / "last.ckpt"
    trainer.fit(learner, train, judge, ckpt_path=str(last) if last.exists() else None, weights_only=False)
    final = out / "final.ckpt"
    trainer.save_checkpoint(final, weights_only=True)
    return Trained(_best(trainer, final), trainer.current_epoch, learner.elapsed / 60)


def fit_priors(records: list[Record], pictures: Pictures, rows: list[int], weights: Tensor) -> Priors:
    """Statistics of the training side: no other picture can change them."""
    mean, std = standardisation(pictures.viewed, rows)
    true = log_prior(records, torch.ones(len(records)))
    return Priors(mean, std, tuple(log_prior(records, weights).tolist()), tuple(true.tolist()))


def _as_is(batch: Batch) -> Batch:
    return batch  # Photographs answers whole batches already


def _write_record(out: Path, config: TrainConfig, split: Split, priors: Priors) -> None:
    (out / "config.json").write_text(json.dumps(asdict(config), indent=1))
    (out / "priors.json").write_text(json.dumps(asdict(priors), indent=1))
    split.save(out / "split.json")


def _trainer(config: TrainConfig, out: Path) -> L.Trainer:
    callbacks: list[L.Callback] = [
        EMAWeightAveraging(decay=config.ema, update_starting_at_step=0),
        ModelCheckpoint(out, save_last=True, save_top_k=0, every_n_epochs=1, save_on_train_epoch_end=True),
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
    )


def _best(trainer: L.Trainer, final: Path) -> Path:
    kept = [c for c in trainer.callbacks if isinstance(c, ModelCheckpoint) and c.monitor]  # type: ignore[attr-defined]
    return Path(kept[0].best_model_path) if kept and kept[0].best_model_path else final
