"""Make a finished generator small enough to travel: weights in half precision, with its record and its split."""

from __future__ import annotations

import argparse
from pathlib import Path

from training.commands import arguments
from training.synthesis.packing import pack


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--generator", type=Path, required=True, help="folder that generate train wrote")
    arguments.out(parser, "folder of the packed generator")


def run(args: argparse.Namespace) -> str:
    size = pack(args.generator, args.out)
    return f"{size / 1e6:.1f} MB of weights in {args.out}; its pictures carry its own hash, so sample from there."
