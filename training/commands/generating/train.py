"""Train a generator of our own on the training side; run it again with the same --out to resume."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from training.commands import arguments
from training.synthesis.config import KINDS, PRECISIONS, PRESETS, GeneratorConfig
from training.synthesis.learning import Cost, learn

_SHAPE = ("kind", "size", "small", "steps", "batch", "rate", "ema")
_SETTINGS = (*_SHAPE, "seed", "precision", "checkpoint_every", "budget_minutes")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    arguments.data(parser)
    arguments.out(parser, "folder of this generator")
    add = parser.add_argument
    add("--split", type=Path, required=True, help="a file that split wrote; only its training side is seen")
    told = "; ".join(f"{name}: {_told(preset)}" for name, preset in PRESETS.items())
    add("--preset", default="cpu", choices=list(PRESETS), help=told)
    group = parser.add_argument_group("settings", "each goes before what the preset says")
    more = group.add_argument
    more("--kind", choices=KINDS, default=argparse.SUPPRESS, help="diffusion, upscaler of its pictures, or DCGAN")
    more("--size", type=_size, default=argparse.SUPPRESS, help="height x width in pixels, such as 48x64")
    more("--small", type=_size, default=argparse.SUPPRESS, help="upscaler: size of what it begins with")
    more("--steps", type=arguments.at_least(1), default=argparse.SUPPRESS, help="of the optimiser")
    more("--batch", type=arguments.at_least(1), default=argparse.SUPPRESS, help="pictures a step")
    more("--rate", type=float, default=argparse.SUPPRESS, help="highest learning rate")
    more("--ema", type=float, default=argparse.SUPPRESS, help="share of the past in the averaged weights; 0: off")
    more("--seed", type=int, default=argparse.SUPPRESS)
    more("--precision", choices=PRECISIONS, default=argparse.SUPPRESS, help="bf16 helps a GPU; many CPUs it slows")
    more("--checkpoint-every", type=arguments.at_least(1), default=argparse.SUPPRESS, help="steps between checkpoints")
    more("--budget-minutes", type=float, default=argparse.SUPPRESS, help="stop on time, the rate following the clock")


def run(args: argparse.Namespace) -> str:
    given = {name: getattr(args, name) for name in _SETTINGS if hasattr(args, name)}
    config = replace(PRESETS[args.preset], source=args.source, **given)
    records, pictures = arguments.load_data(args)
    split = arguments.loaded_split(args.split, records, pictures)
    final = learn(records, pictures, split, config, args.out, before=_announce)
    size = f"{config.size[0]}×{config.size[1]}"
    return f"{config.kind} at {size}, learned on {len(split.train):,} pictures; weights in {final}."


def _announce(cost: Cost) -> None:
    print(cost, flush=True)


def _told(preset: GeneratorConfig) -> str:
    return f"{preset.kind} {preset.size[0]}x{preset.size[1]}, {preset.steps:,} steps"


def _size(text: str) -> tuple[int, int]:
    parts = text.split("x")
    if len(parts) != 2 or not all(part.isdecimal() for part in parts):
        raise argparse.ArgumentTypeError("height x width in pixels, such as 48x64")
    return int(parts[0]), int(parts[1])
