"""A finished generator, read back from its folder, and pictures drawn from it: the same seed, the same picture."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, cast

import torch
from torch import Tensor, nn

from inference.vocabulary import DIAGNOSES
from training.data.records import DataError
from training.data.splits import Split
from training.synthesis.canvases import to_bytes, to_signed
from training.synthesis.config import GeneratorConfig, read_generator_config
from training.synthesis.dcgan import LATENT, Dcgan
from training.synthesis.denoising import SCHEDULE, Denoiser, enlarged, guided, signed_masks
from training.synthesis.learners import build

FILES = ("config.json", "split.json", "final.ckpt")
SOLVERS = ("ddim", "dpm-solver")


@dataclass(frozen=True)
class Asking:
    """How a diffusion network is asked. ``guidance`` 1 is none; ``steps`` are calls of the network.

    Raises ``ValueError`` for a solver that there is not, fewer than two steps, or a guidance below 1.
    """

    steps: int = 30
    guidance: float = 2.0
    solver: str = "dpm-solver"

    def __post_init__(self) -> None:
        if self.solver not in SOLVERS:
            raise ValueError(f"There is no solver {self.solver!r}; choose one of {', '.join(SOLVERS)}.")
        if self.steps < 2 or self.guidance < 1:
            raise ValueError("Sampling takes 2 steps or more, and a guidance of 1 (none) or more.")

    def settings(self) -> dict[str, float | str]:
        """What a manifest row says of it."""
        return dict(asdict(self))

    def scheduler(self) -> Any:
        """diffusers' scheduler with its steps set; both are deterministic: all chance is in the first noise."""
        from diffusers import DDIMScheduler, DPMSolverMultistepScheduler

        if self.solver == "ddim":
            made = DDIMScheduler(**SCHEDULE, clip_sample=True, timestep_spacing="trailing")
        else:
            made = DPMSolverMultistepScheduler(**SCHEDULE, timestep_spacing="trailing", thresholding=True)
        made.set_timesteps(self.steps)
        return made


@dataclass(frozen=True)
class Generator:
    """One finished generator, ready to draw."""

    path: Path
    network: nn.Module
    config: GeneratorConfig
    split: Split
    sha256: str
    steps: int
    minutes: float

    def draw(
        self, target: Tensor, masks: Tensor, seeds: Sequence[int], how: Asking, small: Tensor | None = None
    ) -> Tensor:
        """Draw N pictures, uint8 (N,3,H,W).

        Args:
            target: int64 (N,), positions in ``DIAGNOSES``.
            masks: uint8 (N,1,H,W), 1 in the lesion; a DCGAN does not look at them.
            seeds: one number a picture; its noise comes from it alone.
            how: steps, guidance and solver of a diffusion network.
            small: uint8 (N,3,h,w), what an upscaler enlarges.

        Raises ``ValueError`` where an upscaler gets no small pictures, or another generator does.
        """
        if (small is None) == (self.config.kind == "upscaler"):
            raise ValueError("An upscaler, and no other generator, begins with small pictures.")
        with torch.inference_mode():
            target = target.to(self.device)
            if isinstance(self.network, Dcgan):
                return to_bytes(self.network.draw(noise_of(seeds, (LATENT,)).to(self.device), target)).cpu()
            conditions = conditions_of(self.config, masks, small).to(self.device)
            noise = noise_of(seeds, (3, *self.config.size)).to(self.device)
            return to_bytes(self._denoise(noise, target, conditions, how)).cpu()

    @property
    def device(self) -> torch.device:
        """Where the network is; pictures, masks and noise come from the CPU and go back to it."""
        return next(self.network.parameters()).device

    def _denoise(self, x: Tensor, target: Tensor, conditions: Tensor, how: Asking) -> Tensor:
        network = cast("Denoiser", self.network)
        scheduler = how.scheduler()
        for time in scheduler.timesteps:
            v = guided(network, x, int(time), target, conditions, scale=how.guidance)
            x = scheduler.step(v, time, x).prev_sample
        return x


def conditions_of(config: GeneratorConfig, masks: Tensor, small: Tensor | None) -> Tensor:
    """The network's further channels, float (N,1 or 4,H,W)."""
    known = signed_masks(masks, torch.ones(len(masks), dtype=torch.bool))
    if small is None:
        return known
    return torch.cat([known, enlarged(to_signed(small), config.size)], 1)


def noise_of(seeds: Sequence[int], shape: tuple[int, ...]) -> Tensor:
    """Standard normal numbers (N,*shape), a row from its own seed: a picture does not depend on its neighbours."""
    return torch.stack([torch.randn(shape, generator=torch.Generator().manual_seed(seed)) for seed in seeds])


def class_positions(codes: Sequence[str]) -> Tensor:
    """int64 (N,) from codes. Raises ``ValueError`` for one that is none of the seven."""
    foreign = sorted(set(codes) - set(DIAGNOSES))
    if foreign:
        raise ValueError(f"There is no class {foreign[0]!r}; choose of {', '.join(DIAGNOSES)}.")
    return torch.tensor([DIAGNOSES.index(code) for code in codes])


def load_generator(path: Path) -> Generator:
    """Read config, split and averaged weights. Raises ``DataError`` when one is missing or cannot be read."""
    lost = [name for name in FILES if not (path / name).is_file()]
    if lost:
        raise DataError(
            f"{path} holds no finished generator: {', '.join(lost)} missing. "
            "Give the --out of a generate train that ended."
        )
    config, split = read_generator_config(path / "config.json"), Split.load(path / "split.json")
    if config.split_sha256 != split.digest():
        raise DataError(f"{path}: the split beside the weights is not the one that they were learned on.")
    network = build(config).eval().to("cuda" if torch.cuda.is_available() else "cpu")
    data = (path / "final.ckpt").read_bytes()
    try:
        saved = torch.load(path / "final.ckpt", map_location="cpu", weights_only=True)
        state = {k.removeprefix("network."): v for k, v in saved["state_dict"].items() if k.startswith("network.")}
        network.load_state_dict(state)
        steps, minutes = int(saved["steps"]), saved["elapsed"] / 60
    except (EOFError, KeyError, RuntimeError, TypeError, UnpicklingError) as error:
        raise DataError(
            f"{path / 'final.ckpt'} does not hold the weights of this generator; train it again."
        ) from error
    return Generator(path, network, config, split, hashlib.sha256(data).hexdigest(), steps, minutes)
