"""Split by lesion, by source or, only to be printed beside an honest figure, by image; refuse any other leak."""

from __future__ import annotations

import argparse
from pathlib import Path

from training.commands import arguments
from training.data import schemes


def add_arguments(parser: argparse.ArgumentParser) -> None:
    arguments.data(parser)
    arguments.cleaning(parser)
    arguments.scheme(parser)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("split.json"))


def run(args: argparse.Namespace) -> str:
    records, pictures = arguments.load_data(args)
    made = arguments.checked_split(records, pictures, seed=args.seed, fold=args.fold, scheme=args.scheme)
    made.save(args.out)
    counts = ", ".join(f"{side} {len(ids)}" for side, ids in made.sides.items())
    left_out = f" {len(made.left_out)} images are left out, tied to the test side." if made.left_out else ""
    if made.leaks:
        shared = schemes.overlap(made, records)
        verdict = f"{shared:.0%} of the test images show a lesion that is also in training."
    else:
        verdict = f"no lesion and no near-duplicate on two sides.{left_out}"
    return f"{made.scheme}: {counts} images; {verdict}\nWritten to {args.out}."
