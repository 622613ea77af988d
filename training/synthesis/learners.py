"""One training step of each kind of generator, seeded by (seed, step) so that a run can be repeated and resumed."""

from __future__ import annotations

import time
from typing import Any, cast

import lightning as L
import torch
from torch import Tensor, nn

from training.fitting.schedule import Schedule
from training.synthesis.canvases import Canvas
from training.synthesis.config import GeneratorConfig
from training.synthesis.dcgan import Dcgan, critic_loss, generator_loss
from training.synthesis.denoising import Denoiser, loss


def build(config: GeneratorConfig) -> nn.Module:
    """The network that ``config`` describes, with random weights."""
    return Dcgan(config) if config.kind == "dcgan" else Denoiser(config)


class GeneratorLearner(L.LightningModule):
    """What all kinds share: the clock, the place in the run, and random numbers that come from (seed, step)."""

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.config, self.elapsed, self.done = config, 0.0, 0  # seconds and batches so far
        self.ended = False
        self.network = build(config).to(memory_format=torch.channels_last)

    @property
    def progress(self) -> float:
        """0–1: the further of steps done and time used."""
        by_steps = self.done / self.config.steps
        by_clock = self.elapsed / (self.config.budget_minutes * 60) if self.config.budget_minutes else 0.0
        return min(1.0, max(by_steps, by_clock))

    @property
    def rate(self) -> float:
        """Learning rate: warm-up, then half a cosine to zero."""
        return Schedule(peak=self.config.rate, warmup=self.config.warmup).learning_rate(self.progress)

    def dice(self) -> torch.Generator:
        """Random numbers of this step alone; dropout and its like draw from the global generator, which follows."""
        number = self.config.seed * 1_000_003 + self.done
        torch.manual_seed(number)
        return torch.Generator().manual_seed(number)

    def on_train_start(self) -> None:
        if self.ended:  # on time: continued, it takes no step more
            self.trainer.should_stop = True

    def on_train_batch_start(self, batch: Canvas, batch_idx: int) -> None:
        self.started = time.monotonic()
        for optimiser in self.trainer.optimizers:
            for group in optimiser.param_groups:
                group["lr"] = self.rate

    def on_train_batch_end(self, outputs: Any, batch: Canvas, batch_idx: int) -> None:
        self.elapsed += time.monotonic() - self.started
        self.done += 1
        self.log("progress", self.progress, prog_bar=True)
        if self.progress >= 1:
            self.trainer.should_stop = True

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["elapsed"], checkpoint["steps"] = self.elapsed, self.done
        checkpoint["ended"] = self.trainer.should_stop

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.elapsed, self.done = checkpoint["elapsed"], checkpoint["steps"]
        self.ended = checkpoint.get("ended", False)


class Denoising(GeneratorLearner):
    """Diffusion and upscaling: one network, AdamW."""

    network: Denoiser

    def training_step(self, batch: Canvas, batch_idx: int) -> Tensor:
        found = loss(self.network, batch, self.config, self.dice())
        self.log("loss", found, prog_bar=True)
        return found

    def configure_optimizers(self) -> Any:
        return torch.optim.AdamW(self.network.parameters(), lr=self.config.rate, weight_decay=1e-4)


class Adversarial(GeneratorLearner):
    """DCGAN: critic and generator take turns, each with its own Adam (β₁ .5, as in the paper)."""

    network: Dcgan

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__(config)
        self.automatic_optimization = False

    def training_step(self, batch: Canvas, batch_idx: int) -> None:
        critic, generator = cast("list[Any]", self.optimizers())
        told, drawn = critic_loss(self.network, batch, self.dice())
        critic.zero_grad()
        self.manual_backward(told, retain_graph=True)
        critic.step()
        fooled = generator_loss(self.network, drawn, batch.target)
        generator.zero_grad()
        self.manual_backward(fooled)
        generator.step()
        self.log("critic", told, prog_bar=True)
        self.log("loss", fooled, prog_bar=True)

    def configure_optimizers(self) -> Any:
        beta, net = (0.5, 0.999), self.network
        return [
            torch.optim.Adam(net.critic.parameters(), lr=self.config.rate, betas=beta),
            torch.optim.Adam(net.generator.parameters(), lr=self.config.rate, betas=beta),
        ]


def learner(config: GeneratorConfig) -> GeneratorLearner:
    return Adversarial(config) if config.kind == "dcgan" else Denoising(config)
