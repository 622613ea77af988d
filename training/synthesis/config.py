"""All that makes a generator, as frozen values beside its weights, and the sizes that are known to fit a machine."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from training.data.records import DataError

KINDS = ("diffusion", "upscaler", "dcgan")
AVERAGINGS = ("constant", "warm")
PRECISIONS = ("32-true", "bf16-mixed", "16-mixed")
Size = tuple[int, int]


@dataclass(frozen=True)
class GeneratorConfig:
    """One generator and its training.

    ``size`` is (height, width) in pixels of what it makes, ``small`` that of what an upscaler begins with, 0×0 for the
    other kinds. ``widths`` are the channels of the stages, each at half the resolution of the one before; the last one
    has attention where ``attention`` says so. The first sees squares of ``patch`` pixels a side folded into channels
    (Hoogeboom, Heek, Salimans 2023): many pixels at the price of few. ``steps`` are steps of the optimiser; a
    checkpoint is written every ``checkpoint_every``. ``drop`` is the share of pictures whose class, and as many whose
    mask, is withheld, which classifier-free guidance needs (Ho and Salimans 2022). ``budget_minutes`` > 0 stops on
    time, with the rate following the clock; the same configuration gives the same weights only where it is 0.
    ``averaging`` says whether the share ``ema`` of the past is held from the first step, as in records that do not
    name it, or warmed up.

    Raises ``ValueError`` for values that make no generator.
    """

    kind: str = "diffusion"
    size: Size = (48, 64)
    small: Size = (0, 0)
    widths: tuple[int, ...] = (16, 48, 96, 128)
    attention: bool = True
    layers: int = 1
    patch: int = 1
    steps: int = 20_000
    batch: int = 32
    rate: float = 1e-3
    warmup: float = 0.02
    ema: float = 0.999
    averaging: str = "warm"
    clip: float = 1.0
    drop: float = 0.1
    sampling: str = "root-frequency"
    checkpoint_every: int = 100
    budget_minutes: float = 0.0
    precision: str = "32-true"
    seed: int = 0
    source: str = "ham10000"
    split_sha256: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"There is no generator {self.kind!r}; choose one of {', '.join(KINDS)}.")
        if self.precision not in PRECISIONS:
            raise ValueError(f"There is no precision {self.precision!r}; choose one of {', '.join(PRECISIONS)}.")
        if self.averaging not in AVERAGINGS:
            raise ValueError(f"There is no averaging {self.averaging!r}; choose one of {', '.join(AVERAGINGS)}.")
        if min(self.steps, self.batch, self.checkpoint_every, self.layers, self.patch) < 1:
            raise ValueError("Steps, batch, checkpoint, layers and patch are 1 or more each.")
        if self.kind == "dcgan" and self.patch > 1:
            raise ValueError("A DCGAN draws pixel by pixel: leave patch at 1.")
        halvings = len(self.widths) - 1
        if any(side % (2**halvings * self.patch) for side in self.size):
            size = f"{self.size[0]}×{self.size[1]}"
            raise ValueError(f"{size} in patches of {self.patch} cannot be halved {halvings} times.")
        if (self.kind == "upscaler") != (self.small != (0, 0)):
            raise ValueError("An upscaler, and no other generator, names the size that it begins with.")
        if any(width % 8 for width in self.widths):
            raise ValueError("Widths are multiples of 8: channels are normalised in groups.")

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


# Steps are a start; a budget in minutes goes before them. Where a processor has AVX-512 with bf16, bf16-mixed saves a
# quarter of the time; elsewhere it costs. One such core in bf16: .3 s a step of ``cpu``, .5 s of its upscaler.
PRESETS: dict[str, GeneratorConfig] = {
    "cpu": GeneratorConfig(size=(24, 32), widths=(32, 64, 128), batch=16),
    "cpu-upscaler": GeneratorConfig(
        kind="upscaler", size=(96, 128), small=(24, 32), widths=(64, 96, 128), attention=False, patch=4, batch=16
    ),
    "cpu-large": GeneratorConfig(),
    "cpu-large-upscaler": GeneratorConfig(
        kind="upscaler", size=(144, 192), small=(48, 64), widths=(16, 32, 48, 64), attention=False, batch=8
    ),
    "cpu-dcgan": GeneratorConfig(kind="dcgan", widths=(16, 32, 64, 128, 128), rate=2e-4, ema=0.0, clip=0.0),
    "gpu": GeneratorConfig(
        size=(96, 128), widths=(64, 128, 192, 256), layers=2, steps=100_000, batch=128, rate=2e-4, ema=0.9995,
        checkpoint_every=500, precision="bf16-mixed",
    ),
    "gpu-large": GeneratorConfig(
        size=(144, 192), widths=(64, 128, 192, 256, 256), layers=2, steps=200_000, batch=64, rate=2e-4, ema=0.9998,
        checkpoint_every=500, precision="bf16-mixed",
    ),
    "gpu-upscaler": GeneratorConfig(
        kind="upscaler", size=(144, 192), small=(96, 128), widths=(48, 96, 144, 192), attention=False, layers=2,
        steps=50_000, batch=64, rate=2e-4, ema=0.9995, checkpoint_every=500, precision="bf16-mixed",
    ),
    "tiny": GeneratorConfig(size=(12, 16), widths=(8, 16, 16), steps=4, batch=8, ema=0.5, checkpoint_every=2),
}  # fmt: skip


def read_generator_config(path: Path) -> GeneratorConfig:
    """Read ``config.json`` of a generator. Raises ``DataError`` where there is none that this version can read."""
    try:
        raw: dict[str, Any] = json.loads(path.read_text())
        sizes = {name: tuple(raw.pop(name)) for name in ("size", "small", "widths")}
        unnamed = "constant" if raw.get("ema") else "warm"  # without a share of the past the two are one
        return GeneratorConfig(**{"averaging": unnamed, **raw, **sizes})
    except FileNotFoundError:
        raise DataError(f"{path} is not there; give the folder that generate train wrote.") from None
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path} is no record of a generator that this version can read: {error}") from error
