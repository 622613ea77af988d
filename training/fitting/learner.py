"""One training step and one validation pass, seeded by (seed, step) so that a run can be repeated and resumed."""

from __future__ import annotations

import math
import time
from collections import defaultdict
from typing import Any

import lightning as L
import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from torch import Tensor

from inference.metadata import MetadataEncoding
from training.data.resizing import resized
from training.fitting.augmentation import augment
from training.fitting.config import Priors, TrainConfig
from training.fitting.distillation import Lesson
from training.fitting.losses import total_loss
from training.fitting.optimisers import optimiser, plateau
from training.fitting.sampling import Batch
from training.fitting.teachers import Faculty
from training.metrics import balanced_accuracy
from training.networks.network import Network
from training.networks.scores import Scores


class Learner(L.LightningModule):
    """One network, one optimiser; every random number of a step comes from (seed, step)."""

    def __init__(self, config: TrainConfig, priors: Priors, steps_per_epoch: int) -> None:
        super().__init__()
        self.config, self.priors = config, priors
        self.total_steps = max(1, config.epochs * math.ceil(steps_per_epoch / config.accumulate))
        self.elapsed = 0.0
        self.network: Network = config.network.build().to(memory_format=torch.channels_last)
        self.mean: Tensor
        self.std: Tensor
        self.drawn: Tensor
        self.true: Tensor
        self.register_buffer("mean", torch.tensor(priors.mean).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(priors.std).view(1, 3, 1, 1))
        self.register_buffer("drawn", torch.tensor(priors.drawn))
        self.register_buffer("true", torch.tensor(priors.true))
        self.learned: Tensor  # not in the checkpoint: priors.json and config.json fix them
        self.class_weights: Tensor | None
        self.register_buffer("learned", torch.tensor(priors.learned), persistent=False)
        weights = torch.tensor(priors.class_weights) if priors.class_weights else None
        self.register_buffer("class_weights", weights, persistent=False)
        self.faculty: Faculty | None = None
        self.judged: list[tuple[Tensor, Tensor]] = []
        self.ended = False

    @property
    def progress(self) -> float:
        """0–1: the further of steps done and time used."""
        by_steps = self.global_step / self.total_steps
        by_clock = self.elapsed / (self.config.budget_minutes * 60) if self.config.budget_minutes else 0.0
        return min(1.0, max(by_steps, by_clock))

    def _number(self, batch_idx: int) -> int:
        """Of this batch among all of the run, and of all processes: what its random numbers are drawn from."""
        within = batch_idx % self.config.accumulate
        return self.global_step * self.config.accumulate + within + self.global_rank * 10**12

    def standardise(self, pictures: Tensor) -> Tensor:
        """Pictures 0–1 (N,3,H,W) → standardised, channels last."""
        out: Tensor = (pictures - self.mean) / self.std
        return out.contiguous(memory_format=torch.channels_last)

    def forward(self, images: Tensor, metadata: Tensor) -> Scores:
        pictures = resized(images, self.config.network.input_size)
        scores: Scores = self.network(self.standardise(pictures.float() / 255), metadata)
        return scores

    def on_train_start(self) -> None:
        if self.ended:  # on time or for want of progress: continued, it takes no step more
            self.trainer.should_stop = True

    def on_train_epoch_start(self) -> None:
        self.network.train()  # which blocks stay frozen is the network's to say; Lightning leaves modes as they are
        # One size an epoch: changing it between steps would only cost caches.
        self.size = self.config.network.input_size or self.config.schedule.size(self.progress)

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        self.started = time.monotonic()
        groups = self.optimizers().param_groups  # type: ignore[union-attr]
        if self.config.schedule.rate != "plateau":
            for group in groups:
                group["lr"] = self.config.schedule.learning_rate(self.progress)
        self.log("rate", groups[0]["lr"])

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        if not self.training:
            raise RuntimeError("Augmentation is for training; pictures that are judged stay as they are.")
        number = self._number(batch_idx)
        rng = torch.Generator().manual_seed(self.config.seed * 1_000_003 + number)
        torch.manual_seed(self.config.seed * 1_000_003 + number)  # dropout draws from the global generator
        how = self.config.schedule.augmentation(self.progress)
        with torch.autocast(self.device.type, enabled=False):  # colours and cosines need their decimals
            pictures, masks = augment(batch.images, batch.masks, self.size, how, rng)
        metadata = withhold(batch.metadata, self.config, rng)
        classes = self.config.network.classes
        target = softened(torch.nn.functional.one_hot(batch.target, classes).float(), batch.smoothing)
        has_mask, pictures, masks, metadata, target = self._mix(
            number, batch.has_mask, pictures, masks, metadata, target, may_teach=batch.may_teach
        )
        scores = self.network(self.standardise(pictures), metadata)
        loss = total_loss(
            scores,
            target,
            masks,
            has_mask,
            log_prior=self.learned,
            head=self.network.pooled_head,
            weights=self.config.losses,
            class_weights=self.class_weights,
            lesson=self._lesson(pictures, batch.may_teach),
        )
        loss = loss + self.network.penalty()
        self.log("loss", loss, prog_bar=True)
        self.log("progress", self.progress, prog_bar=True)
        return loss

    def _lesson(self, pictures: Tensor, may_teach: Tensor) -> Lesson | None:
        """What the teachers say of the very pictures that the student sees, augmented and mixed."""
        if self.faculty is None:
            return None
        taught = self.config.distillation
        return Lesson(self.faculty.scores(pictures, may_teach), taught.weight, taught.temperature)

    def _mix(self, number: int, has_mask: Tensor, *soft: Tensor, may_teach: Tensor | None = None) -> tuple[Tensor, ...]:
        """MixUp (Zhang et al. 2018) of each row of ``soft`` with another of the batch, on a share of the steps.

        ``has_mask`` (N,) stays only where both have one: an unknown mask, mixed in, would say that there is no lesion.
        ``may_teach`` (N,M) is the batch's.
        """
        dice = np.random.default_rng((self.config.seed, number))
        if dice.random() >= self.config.schedule.mixup(self.progress):
            return has_mask, *soft
        share = float(dice.beta(self.config.mixup_alpha, self.config.mixup_alpha))
        taught = has_mask.new_zeros(len(has_mask), 0) if may_teach is None else may_teach
        order = partners(taught, dice).to(has_mask.device)
        return has_mask & has_mask[order], *(share * x + (1 - share) * x[order] for x in soft)

    def on_train_batch_end(self, outputs: Any, batch: Batch, batch_idx: int) -> None:
        now = time.monotonic()  # from the end of the step before: reading pictures is part of the cost
        self.elapsed, self.started = self.elapsed + now - self.started, now
        if self.progress >= 1:
            self.trainer.should_stop = True

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        self.judged.append((self(batch.images, batch.metadata).fused.float(), batch.target))

    def on_validation_epoch_end(self) -> None:
        scores, target = (torch.cat(parts) for parts in zip(*self.judged, strict=True))
        self.judged.clear()
        if self.trainer.sanity_checking:
            return
        scores, target, true = scores.cpu(), target.cpu(), self.true.cpu()
        probability = (scores + true).softmax(1)
        self.log(
            "val_loss",
            torch.nn.functional.nll_loss(probability.clamp_min(1e-9).log(), target),
            prog_bar=True,
            sync_dist=True,
        )
        # The two decision rules side by side: accuracy by arg-max p, balanced accuracy by p/prior.
        self.log("val_accuracy", (probability.argmax(1) == target).float().mean(), sync_dist=True)
        self.log(
            "val_balanced_accuracy",
            balanced_accuracy(target.numpy(), scores.argmax(1).numpy()),
            prog_bar=True,
            sync_dist=True,
        )
        if len(set(target.tolist())) == self.config.network.classes:
            probability = probability.double()  # rows must sum to 1 more exactly than float32 does
            auc = roc_auc_score(target, probability / probability.sum(1, keepdim=True), multi_class="ovr")
            self.log("val_macro_auc", float(auc), prog_bar=True, sync_dist=True)

    def configure_optimizers(self) -> Any:
        made = optimiser(
            self.config.optimiser,
            self.network.parameters(),
            rate=self.config.schedule.peak,
            momentum=self.config.momentum,
            decay=self.config.weight_decay,
        )
        if self.config.schedule.rate != "plateau":
            return made
        follow = {"monitor": "val_accuracy", "frequency": self.config.validate_every}
        return {"optimizer": made, "lr_scheduler": {"scheduler": plateau(made, self.config.schedule), **follow}}

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["elapsed"], checkpoint["ended"] = self.elapsed, self.trainer.should_stop

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.elapsed, self.ended = checkpoint["elapsed"], checkpoint.get("ended", False)


def softened(target: Tensor, smoothing: Tensor) -> Tensor:
    """Labels (N,K) that give ``smoothing`` (N,) of themselves to all classes in equal parts."""
    share = smoothing.view(-1, 1)
    return target * (1 - share) + share / target.shape[1]


def partners(may_teach: Tensor, dice: np.random.Generator) -> Tensor:
    """Whom each picture is mixed with, (N,): one with the same teachers, or a teacher would see what it must not."""
    order = np.arange(len(may_teach))
    groups = defaultdict[bytes, list[int]](list)
    for row, allowed in enumerate(may_teach.cpu().numpy()):
        groups[allowed.tobytes()].append(row)
    for rows in groups.values():
        order[rows] = dice.permutation(rows)
    return torch.from_numpy(order)


def withhold(metadata: Tensor, config: TrainConfig, rng: torch.Generator) -> Tensor:
    """Forget all metadata of some rows, and single fields of others, so that any may be unknown when served."""
    n = len(metadata)
    sexes = 3 + len(MetadataEncoding().sexes)
    keep = torch.rand(n, 4, generator=rng) >= torch.tensor([config.drop_all_metadata, *[config.drop_field] * 3])
    columns = torch.ones(metadata.shape)
    for field, span in enumerate((slice(0, 3), slice(3, sexes), slice(sexes, None)), start=1):
        columns[:, span] = keep[:, field : field + 1].float()
    return metadata * (columns * keep[:, :1]).to(metadata.device)
