"""The report's way: Stable Diffusion through diffusers, in batches that fit, in half precision where that is possible.

Rombach et al., "High-resolution image synthesis with latent diffusion models" (2022).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.pytorch.utilities.memory import garbage_collection_cuda, is_oom_error
from numpy.typing import NDArray

from training.data.records import DataError
from training.synthesis.gallery import Gallery, named
from training.synthesis.prompts import NEGATIVE, prompts_of, with_token

MODEL = "stabilityai/stable-diffusion-2-1-base"
LICENCE = "CreativeML Open RAIL++-M (the licence of Stable Diffusion 2.1: its use restrictions go with the pictures)"
SIZES = (384, 512)
PILOT, FULL = 50, 200  # pictures a class: look at the first before drawing the others
MOST = 8  # pictures a call, whatever the memory; the report's code asks for 200 in one
_PARAMETERS = 1.29e9  # of the 2.1-base: U-Net, text encoder and decoder
_PICTURE = 1.6e9  # bytes at 512 px in half precision, sliced attention halves it; an estimate, see ``draw``
ABSENT = (
    "The weights of {model} are not on this machine (about 5 GB). Where there is a connection: pip install -r "
    "requirements/generate.txt; hf download {model} --local-dir sd; then give --model sd. Read the licence first, it "
    "restricts what the pictures may be used for. Any folder in the layout of diffusers will do."
)


@dataclass(frozen=True)
class Budget:
    """How pictures are drawn on a machine: ``batch`` a call, in half precision or not, with which savings."""

    batch: int
    half: bool
    slicing: bool
    offload: bool

    def __str__(self) -> str:
        savings = [name for name, on in (("attention slicing", self.slicing), ("offload", self.offload)) if on]
        precision = "float16" if self.half else "float32"
        return f"{self.batch} pictures a call in {precision}" + (f" with {' and '.join(savings)}" if savings else "")


def plan(free: float, *, size: int, gpu: bool) -> Budget:
    """The largest batch that ``free`` bytes allow at ``size`` pixels, never more than 8; a CPU computes in float32.

    Sliced attention where fewer than four would fit without it, offload where not even the weights and one picture do.
    Raises ``ValueError`` for a size that is no multiple of 8.
    """
    if size % 8 or size < 64:
        raise ValueError(f"Pictures are 64 pixels or more in steps of 8, not {size}; the report draws 384 and 512.")
    bytes_each = 2 if gpu else 4
    weights, one = _PARAMETERS * bytes_each, _PICTURE * bytes_each / 2 * (size / 512) ** 2
    fits = int((free - weights) // one)
    slicing = fits < 4
    if slicing:
        fits = int((free - weights) // (one / 2))
    offload = gpu and fits < 1
    if offload:
        fits = int((free - weights / 2) // (one / 2))
    return Budget(max(1, min(MOST, fits)), half=gpu, slicing=slicing, offload=offload)


def free_memory() -> tuple[float, bool]:
    """Bytes that are free now, and whether they are a GPU's."""
    if torch.cuda.is_available():
        return float(torch.cuda.mem_get_info()[0]), True
    import psutil

    return float(psutil.virtual_memory().available), False


def find_model(model: str) -> Path:
    """The folder of ``model``: a folder, or what an earlier download left. Nothing is fetched.

    Raises ``DataError`` that says how to get the weights where they are absent.
    """
    folder = Path(model)
    if not folder.is_dir():
        from huggingface_hub import snapshot_download

        with suppress(OSError, ValueError):  # not in the cache, or no such name
            folder = Path(snapshot_download(model, local_files_only=True))
    if not (folder / "model_index.json").is_file() or not list(folder.glob("unet/*.safetensors")):
        raise DataError(ABSENT.format(model=model if not Path(model).is_dir() else MODEL))
    return folder


def weights_hash(folder: Path) -> str:
    """SHA-256 over the names and contents of all safetensors below ``folder``."""
    made = hashlib.sha256()
    for file in sorted(folder.rglob("*.safetensors")):
        made.update(file.relative_to(folder).as_posix().encode())
        with file.open("rb") as opened:
            made.update(hashlib.file_digest(opened, "sha256").digest())
    return made.hexdigest()


def load_pipeline(folder: Path, budget: Budget, adapter: Path | None = None) -> Any:
    """diffusers' pipeline with the savings of ``budget``, and LoRA weights from ``adapter`` where one is given.

    The safety checker is left out: it was made for photographs of people, and blackens skin.
    """
    from diffusers import StableDiffusionPipeline

    pipeline = StableDiffusionPipeline.from_pretrained(
        folder,
        dtype=torch.float16 if budget.half else torch.float32,
        safety_checker=None,
        requires_safety_checker=False,
        local_files_only=True,
    )
    if adapter is not None:
        pipeline.load_lora_weights(adapter)
    pipeline.set_progress_bar_config(disable=True)
    if budget.slicing:
        pipeline.enable_attention_slicing()
    if budget.offload:
        pipeline.enable_model_cpu_offload()
    elif budget.half:
        pipeline.to("cuda")
    return pipeline


@dataclass(frozen=True)
class Drawer:
    """A loaded pipeline and what goes into the rows of its pictures."""

    pipeline: Any
    name: str
    weights_sha256: str
    split_sha256: str = ""
    token: str = ""  # DreamBooth's word, put before the lesion's name
    licence: str = LICENCE

    @property
    def origin(self) -> dict[str, str]:
        """What a row says of who drew it."""
        return {"weights_sha256": self.weights_sha256, "split_sha256": self.split_sha256}

    def prompt(self, code: str, seed: int) -> str:
        """One of the class's prompts, by the seed."""
        found = prompts_of(code)
        return with_token(found[seed % len(found)], code, self.token)


def draw(
    gallery: Gallery,
    drawer: Drawer,
    codes: Sequence[str],
    *,
    each: int,
    seed: int,
    size: int,
    steps: int,
    guidance: float,
    batch: int,
    tell: Callable[[int], object] = lambda _: None,
) -> int:
    """Draw up to ``each`` pictures a class into ``gallery``; how many were new. Memory that runs out halves the batch.

    A picture has its own seed: in any batch it is the same but for rounding. Raises the memory error where none fits.
    """
    asked = [(code, seed * 10_000 + number) for code in codes for number in range(each)]
    settings: dict[str, float | str] = {"size": size, "steps": steps, "guidance": guidance}
    for code, own in asked:
        gallery.check(named(drawer.weights_sha256, code, own), settings, **drawer.origin)
    missing = [(code, own) for code, own in asked if named(drawer.weights_sha256, code, own) not in gallery]
    place = 0
    while place < len(missing):
        part = missing[place : place + batch]
        try:
            images = _call(drawer, part, size, steps, guidance)
        except RuntimeError as error:
            if not is_oom_error(error) or batch == 1:
                raise
            garbage_collection_cuda()
            batch //= 2
            continue
        for (code, own), image in zip(part, images, strict=True):
            gallery.add(
                named(drawer.weights_sha256, code, own),
                image,
                None,
                diagnosis=code,
                generator=drawer.name,
                **drawer.origin,
                seed=own,
                prompt=drawer.prompt(code, own),
                settings=settings,
                licence=drawer.licence,
            )
        gallery.save()
        place += len(part)
        tell(place)
    return len(missing)


def _call(
    drawer: Drawer, part: Sequence[tuple[str, int]], size: int, steps: int, guidance: float
) -> list[NDArray[np.uint8]]:
    """One call of the pipeline: RGB pictures uint8 (size,size,3)."""
    if len(part) > MOST:
        raise ValueError(f"One call draws at most {MOST} pictures, not {len(part)}.")
    found = drawer.pipeline(
        [drawer.prompt(code, seed) for code, seed in part],
        negative_prompt=[NEGATIVE] * len(part),
        height=size,
        width=size,
        num_inference_steps=steps,
        guidance_scale=guidance,
        generator=[torch.Generator().manual_seed(seed) for _, seed in part],
        output_type="np",
    ).images
    return list((found * 255).round().astype(np.uint8))


def check_pilot(gallery: Gallery, codes: Sequence[str]) -> None:
    """Raise ``DataError`` unless each class has its pilot here, and reviewers accepted some of it."""
    for code in codes:
        mine = [image for image in gallery.manifest.images if image.diagnosis == code]
        if len(mine) < PILOT or not any(image.accepted for image in mine):
            raise DataError(
                f"{code}: {len(mine)} pictures are here and {sum(bool(i.accepted) for i in mine)} accepted; draw the "
                f"pilot of {PILOT} first, let two people review it (generate review, generate join), then the rest."
            )


def read_adapter(folder: Path) -> dict[str, Any]:
    """The record of ``generate tune``. Raises ``DataError`` where there is none that ended."""
    with suppress(OSError, ValueError):
        found: dict[str, Any] = json.loads((folder / "tune.json").read_text())
        if list(folder.glob("*.safetensors")):
            return found
    raise DataError(f"{folder} holds no tuned weights; give the --out of a generate tune that ended.")
