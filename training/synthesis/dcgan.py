"""A small class-conditional DCGAN, the literature's baseline.

Sources: Radford, Metz, Chintala (2016); Mirza, Osindero (2014) for its conditions.
"""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from inference.vocabulary import DIAGNOSES
from training.synthesis.canvases import Canvas, mirrored, to_signed
from training.synthesis.config import GeneratorConfig

LATENT = 64


class Dcgan(nn.Module):
    """``generator`` turns noise and a class into a picture -1–1, ``critic`` tells pictures from real ones."""

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        widths = config.widths  # from the picture inwards
        self.coarse = tuple(side // 2 ** (len(widths) - 1) for side in config.size)
        classes = len(DIAGNOSES)
        inward = widths[::-1]
        cells = self.coarse[0] * self.coarse[1]
        grown: list[nn.Module] = [
            nn.Linear(LATENT + classes, inward[0] * cells),
            nn.Unflatten(1, (inward[0], *self.coarse)),
        ]
        for before, after in pairwise(inward):
            grown += [nn.BatchNorm2d(before), nn.ReLU(), nn.ConvTranspose2d(before, after, 4, 2, 1)]
        self.generator = nn.Sequential(
            *grown, nn.BatchNorm2d(widths[0]), nn.ReLU(), nn.Conv2d(widths[0], 3, 3, 1, 1), nn.Tanh()
        )
        seen: list[nn.Module] = [nn.Conv2d(3 + classes, widths[0], 3, 1, 1)]
        for before, after in pairwise(widths):
            seen += [nn.LeakyReLU(0.2), nn.utils.spectral_norm(nn.Conv2d(before, after, 4, 2, 1))]
        self.critic = nn.Sequential(*seen, nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(widths[-1] * cells, 1))

    def draw(self, noise: Tensor, target: Tensor) -> Tensor:
        """noise (N,64), target (N,) → pictures -1–1 (N,3,H,W)."""
        made: Tensor = self.generator(torch.cat([noise, _one_hot(target)], 1))
        return made

    def judge(self, pictures: Tensor, target: Tensor) -> Tensor:
        """pictures -1–1 (N,3,H,W), target (N,) → logits (N,), above zero for real."""
        planes = _one_hot(target)[:, :, None, None].expand(-1, -1, *pictures.shape[2:])
        logits: Tensor = self.critic(torch.cat([pictures, planes], 1)).flatten()
        return logits


def _one_hot(target: Tensor) -> Tensor:
    return F.one_hot(target, len(DIAGNOSES)).float()


def critic_loss(network: Dcgan, batch: Canvas, rng: torch.Generator) -> tuple[Tensor, Tensor]:
    """Loss of the critic (real to .9: one-sided smoothing, Salimans et al. 2016), and the drawn pictures (N,3,H,W)."""
    real = to_signed(mirrored(batch, rng).images)
    noise = torch.randn(len(real), LATENT, generator=rng).to(real.device)
    drawn = network.draw(noise, batch.target)
    true = network.judge(real, batch.target)
    false = network.judge(drawn.detach(), batch.target)
    loss = F.binary_cross_entropy_with_logits(true, torch.full_like(true, 0.9))
    return loss + F.binary_cross_entropy_with_logits(false, torch.zeros_like(false)), drawn


def generator_loss(network: Dcgan, drawn: Tensor, target: Tensor) -> Tensor:
    """Loss of the generator: its pictures are to pass for real."""
    judged = network.judge(drawn, target)
    return F.binary_cross_entropy_with_logits(judged, torch.ones_like(judged))
