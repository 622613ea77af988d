"""Split by lesion, stratified 80/10/10, and refuse a leak."""

from __future__ import annotations

import argparse
from pathlib import Path

from training.commands import arguments


def add_arguments(parser: argparse.ArgumentParser) -> None:
    arguments.data(parser)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--fold", type=int, default=0, help="which tenth is the test side, 0 to 9")
    parser.add_argument("--out", type=Path, default=Path("split.json"))


def run(args: argparse.Namespace) -> str:
    records, pictures = arguments.load_data(args)
    made = arguments.checked_split(records, pictures, seed=args.seed, fold=args.fold)
    made.save(args.out)
    counts = ", ".join(f"{side} {len(ids)}" for side, ids in made.sides.items())
    return f"{made.scheme}: {counts} images; no lesion and no near-duplicate on two sides.\nWritten to {args.out}."
