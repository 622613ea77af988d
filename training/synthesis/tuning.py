"""LoRA on Stable Diffusion's U-Net by the training side, with DreamBooth's word and prior where asked.

Sources: Hu et al., "LoRA" (2022); Ruiz et al., "DreamBooth" (2023). The adapter is peft's.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from inference.vocabulary import DIAGNOSES
from training.data.records import DataError
from training.fitting.checkpoints import WholeFiles
from training.synthesis.canvases import to_signed
from training.synthesis.prompts import check_token, prompts_of, with_token

Bytes = NDArray[np.uint8]
TARGETS = ("to_q", "to_k", "to_v", "to_out.0")  # the projections of every attention


@dataclass(frozen=True)
class TuneConfig:
    """``rank`` of the adapter; ``token`` makes it DreamBooth: a word of its own for what is learned.

    ``prior_weight`` > 0 weighs pictures that the network drew itself under the plain prompt, so that it does not
    forget what the class's name meant. Raises ``ValueError`` for values outside.
    """

    rank: int = 4
    steps: int = 1000
    batch: int = 1
    rate: float = 1e-4
    seed: int = 0
    size: int = 512
    checkpoint_every: int = 100
    token: str = ""
    prior_weight: float = 0.0
    classes: tuple[str, ...] = ()
    prior_sha256: str = ""  # of the prior's manifest
    source: str = "ham10000"
    split_sha256: str = ""
    model_sha256: str = ""

    def __post_init__(self) -> None:
        if min(self.rank, self.steps, self.batch, self.checkpoint_every) < 1:
            raise ValueError("Rank, steps, batch and checkpoint are 1 or more each.")
        check_token(self.token)
        if self.prior_weight < 0 or (self.prior_weight and not self.token):
            raise ValueError("A prior is 0 or more, and belongs to DreamBooth: give --token too.")


def add_adapter(pipeline: Any, rank: int) -> float:
    """Freeze ``pipeline`` and put an adapter of ``rank`` on its U-Net; the share of its weights that will learn."""
    from peft import LoraConfig

    for part in (pipeline.vae, pipeline.text_encoder, pipeline.unet):
        part.requires_grad_(requires_grad=False)
    pipeline.unet.add_adapter(LoraConfig(r=rank, lora_alpha=rank, init_lora_weights="gaussian", target_modules=TARGETS))
    every: int = sum(weights.numel() for weights in pipeline.unet.parameters())
    learning: int = sum(weights.numel() for weights in pipeline.unet.parameters() if weights.requires_grad)
    return learning / every


def tune(
    pipeline: Any,
    pictures: Sequence[Bytes],
    codes: Sequence[str],
    config: TuneConfig,
    out: Path,
    *,
    prior: Sequence[Bytes] = (),
    prior_codes: Sequence[str] = (),
    tell: Callable[[int], object] = lambda _: None,
) -> Path:
    """Learn from ``pictures`` uint8 (size,size,3) of classes ``codes`` into ``out``; resumes from last.pt.

    Writes tune.json and diffusers' LoRA file, and returns ``out``. ``prior`` are DreamBooth's own pictures with their
    classes. Raises ``DataError`` where ``out`` holds the beginning of another tuning, ``ValueError`` where a prior is
    weighed and there is none.
    """
    if bool(prior) != bool(config.prior_weight):
        raise ValueError("A prior needs pictures and a weight above 0.")
    torch.manual_seed(config.seed)  # the adapter's first weights
    add_adapter(pipeline, config.rank)
    learning = [weights for weights in pipeline.unet.parameters() if weights.requires_grad]
    optimiser = torch.optim.AdamW(learning, lr=config.rate)
    begun = _resume(out, config, learning, optimiser)
    own_prompts = [with_token(*pair, config.token) for pair in zip(_prompts(codes), codes, strict=True)]
    sets = [(list(pictures), own_prompts)]
    if prior:
        sets.append((list(prior), _prompts(prior_codes)))
    pipeline.unet.train()
    for step in range(begun, config.steps):
        dice = torch.Generator().manual_seed(config.seed * 1_000_003 + step)
        optimiser.zero_grad()
        own, *others = (_loss(pipeline, *each, config, dice) for each in sets)
        total: Tensor = own + config.prior_weight * sum(others)
        total.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(learning, 1.0)
        optimiser.step()
        if (step + 1) % config.checkpoint_every == 0:
            _keep(out, step + 1, learning, optimiser)
        tell(step + 1)
    _write(pipeline, out)
    return out


def _prompts(codes: Sequence[str]) -> list[str]:
    return [prompts_of(code)[i % 2] for i, code in enumerate(codes)]


def _loss(
    pipeline: Any, pictures: Sequence[Bytes], prompts: Sequence[str], config: TuneConfig, dice: torch.Generator
) -> Tensor:
    """Squared error of what the scheduler of the model asks for (noise or v) on one random batch."""
    device = pipeline.unet.device
    rows = torch.randint(len(pictures), (config.batch,), generator=dice).tolist()
    images = torch.stack([torch.from_numpy(np.ascontiguousarray(pictures[row])).permute(2, 0, 1) for row in rows])
    scheduler = pipeline.scheduler
    with torch.no_grad():
        coded = pipeline.vae.encode(to_signed(images).to(device)).latent_dist.mean * pipeline.vae.config.scaling_factor
        words = pipeline.tokenizer(
            [prompts[row] for row in rows],
            padding="max_length",
            truncation=True,
            max_length=pipeline.tokenizer.model_max_length,
            return_tensors="pt",
        ).input_ids
        text = pipeline.text_encoder(words.to(device))[0]
    noise = torch.randn(coded.shape, generator=dice).to(device)
    time = torch.randint(scheduler.config.num_train_timesteps, (len(rows),), generator=dice).to(device)
    wanted = noise
    if scheduler.config.prediction_type == "v_prediction":
        wanted = scheduler.get_velocity(coded, noise, time)
    found = pipeline.unet(scheduler.add_noise(coded, noise, time), time, encoder_hidden_states=text).sample
    return F.mse_loss(found.float(), wanted.float())


def _resume(out: Path, config: TuneConfig, learning: list[Tensor], optimiser: torch.optim.Optimizer) -> int:
    """Steps that are done; a new tuning is written down."""
    record, last = out / "tune.json", out / "last.pt"
    if not last.is_file():
        out.mkdir(parents=True, exist_ok=True)
        record.write_text(json.dumps(asdict(config), indent=1))
        return 0
    if json.loads(record.read_text()) != json.loads(json.dumps(asdict(config))):
        raise DataError(f"{out} holds another tuning; give another --out, or repeat its settings.")
    saved = torch.load(last, map_location="cpu", weights_only=True)
    with torch.no_grad():
        for weights, kept in zip(learning, saved["weights"], strict=True):
            weights.copy_(kept.to(weights.device))
    optimiser.load_state_dict(saved["optimiser"])
    return int(saved["step"])


def _keep(out: Path, step: int, learning: list[Tensor], optimiser: torch.optim.Optimizer) -> None:
    state = {"step": step, "weights": [weights.detach() for weights in learning], "optimiser": optimiser.state_dict()}
    WholeFiles().save_checkpoint(state, out / "last.pt")


def _write(pipeline: Any, out: Path) -> None:
    from diffusers import StableDiffusionPipeline
    from diffusers.utils import convert_state_dict_to_diffusers
    from peft.utils import get_peft_model_state_dict

    layers = convert_state_dict_to_diffusers(get_peft_model_state_dict(pipeline.unet))
    StableDiffusionPipeline.save_lora_weights(out, unet_lora_layers=layers, safe_serialization=True)


def classes_of(codes: Sequence[str]) -> dict[str, int]:
    """Pictures by class, in the order of ``DIAGNOSES``."""
    return {code: list(codes).count(code) for code in DIAGNOSES if code in codes}
