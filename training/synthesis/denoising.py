"""Class- and mask-conditional diffusion: the network, what it learns, and how it is asked under guidance.

Sources: Ho, Jain, Abbeel (2020); Nichol, Dhariwal (2021) for the cosine schedule; Salimans, Ho (2022) for v; Hang et
al. (2023) for the weight of each step; Ho, Salimans (2022) for guidance; Saharia et al. (2021) for the upscaler;
Hoogeboom, Heek, Salimans (2023) for patches folded into channels. The U-Net and the schedulers are diffusers'.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from inference.vocabulary import DIAGNOSES
from training.synthesis.canvases import Canvas, mirrored, to_signed
from training.synthesis.config import GeneratorConfig

NO_CLASS = len(DIAGNOSES)  # the label of a picture whose class is withheld
SCHEDULE: dict[str, Any] = {
    "num_train_timesteps": 1000,
    "beta_schedule": "squaredcos_cap_v2",
    "prediction_type": "v_prediction",
}
SNR_LIMIT = 5.0
# An upscaler learns from small pictures with up to so much noise, or it would sharpen every flaw of a generated one.
NOISE_OF_SMALL = 0.15


class Denoiser(nn.Module):
    """U-Net over the noisy picture with its conditions as further channels: the mask, and an upscaler's small picture.

    A mask is 1 in the lesion, -1 beside it and 0 throughout where it is unknown.
    """

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        from diffusers import UNet2DModel

        down = ["DownBlock2D"] * len(config.widths)
        up = ["UpBlock2D"] * len(config.widths)
        if config.attention:
            down[-1], up[0] = "AttnDownBlock2D", "AttnUpBlock2D"
        self.patch = config.patch
        self.unet = UNet2DModel(
            sample_size=(config.size[0] // config.patch, config.size[1] // config.patch),
            in_channels=(3 + 1 + 3 * (config.kind == "upscaler")) * config.patch**2,
            out_channels=3 * config.patch**2,
            block_out_channels=config.widths,
            layers_per_block=config.layers,
            down_block_types=tuple(down),
            up_block_types=tuple(up),
            add_attention=config.attention,
            norm_num_groups=8,
            attention_head_dim=min(32, config.widths[-1]),
            num_class_embeds=NO_CLASS + 1,
        )

    def forward(self, noisy: Tensor, time: Tensor, target: Tensor, conditions: Tensor) -> Tensor:
        """v (N,3,H,W) of noisy (N,3,H,W), around -1–1.

        time: int64 (N,), 0–999. target: int64 (N,), a class or ``NO_CLASS``. conditions: float (N,1 or 4,H,W).
        """
        folded = F.pixel_unshuffle(torch.cat([noisy, conditions], 1), self.patch)
        if self.patch > 1 or self.training:  # not else: sums in another order would draw older generators' seeds anew
            folded = folded.contiguous(memory_format=torch.channels_last)
        v: Tensor = self.unet(folded, time, class_labels=target).sample
        return F.pixel_shuffle(v, self.patch)


def signed_masks(masks: Tensor, known: Tensor) -> Tensor:
    """masks (N,1,H,W) 0 or 1, known bool (N,) → -1, 1, or 0 where unknown, float."""
    return (masks.float() * 2 - 1) * known.view(-1, 1, 1, 1).float()


def enlarged(small: Tensor, size: tuple[int, int]) -> Tensor:
    """Pictures (N,3,h,w) → (N,3,*size), bilinear: what an upscaler adds detail to."""
    return F.interpolate(small, size=size, mode="bilinear", align_corners=False)


def loss(network: Denoiser, batch: Canvas, config: GeneratorConfig, rng: torch.Generator) -> Tensor:
    """Weighted squared error of v over one batch; every random number comes from ``rng``, drawn on the CPU."""
    scheduler = _schedule()
    device = batch.images.device
    batch = mirrored(batch, rng)
    clean = to_signed(batch.images)
    n = len(clean)
    noise = torch.randn(clean.shape, generator=rng).to(device)
    time = torch.randint(0, scheduler.config.num_train_timesteps, (n,), generator=rng).to(device)
    keep = (torch.rand(2, n, generator=rng) >= config.drop).to(device)
    target = torch.where(keep[0], batch.target, torch.full_like(batch.target, NO_CLASS))
    conditions = signed_masks(batch.masks, batch.has_mask & keep[1])
    if config.kind == "upscaler":
        small = F.interpolate(clean, size=config.small, mode="area")
        level = torch.rand(n, 1, 1, 1, generator=rng) * NOISE_OF_SMALL
        small = small + (torch.randn(small.shape, generator=rng) * level).to(device)
        conditions = torch.cat([conditions, enlarged(small, config.size)], 1)
    noisy = scheduler.add_noise(clean, noise, time)
    wanted = scheduler.get_velocity(clean, noise, time)
    found = network(noisy, time, target, conditions)
    weight = step_weight(scheduler.alphas_cumprod.to(device)[time])
    total: Tensor = (weight * (found.float() - wanted).pow(2).mean((1, 2, 3))).mean()
    return total


@lru_cache(maxsize=1)
def _schedule() -> Any:
    from diffusers import DDPMScheduler

    return DDPMScheduler(**SCHEDULE)


def step_weight(alpha_bar: Tensor) -> Tensor:
    """min(SNR, 5)/(SNR + 1) of each step, (N,): steps that are nearly clean would otherwise outweigh all others."""
    snr = alpha_bar / (1 - alpha_bar)
    return snr.clamp(max=SNR_LIMIT) / (snr + 1)


def guided(network: Denoiser, noisy: Tensor, time: int, target: Tensor, conditions: Tensor, *, scale: float) -> Tensor:
    """v under guidance (N,3,H,W): away from the answer without class and mask; ``scale`` 1 asks once, without it."""
    times = torch.full((len(noisy),), time, device=noisy.device)
    if scale == 1:
        plain: Tensor = network(noisy, times, target, conditions)
        return plain.float()
    blind = conditions.clone()
    blind[:, 0] = 0
    both: Tensor = network(
        torch.cat([noisy, noisy]),
        torch.cat([times, times]),
        torch.cat([target, torch.full_like(target, NO_CLASS)]),
        torch.cat([conditions, blind]),
    )
    with_, without = both.float().chunk(2)
    return without + scale * (with_ - without)
