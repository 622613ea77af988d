"""Split by lesion, by source or, only to be printed beside an honest figure, by image; refuse any other leak."""

from __future__ import annotations

import argparse
from pathlib import Path

from training.commands import arguments
from training.data import schemes
from training.data.records import DataError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    arguments.data(parser)
    arguments.cleaning(parser)
    arguments.scheme(parser)
    parser.add_argument("--within", type=Path, help="lesion-folds: deal the training side of this split file alone")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("split.json"))


def run(args: argparse.Namespace) -> str:
    if args.out.is_dir():
        raise DataError(f"--out {args.out} is a folder; name the file that is to hold the split.")
    args.out.parent.mkdir(parents=True, exist_ok=True)  # where that fails, before the work
    records, pictures = arguments.load_data(args)
    within = arguments.loaded_split(args.within, records, pictures) if args.within else None
    made = arguments.checked_split(records, pictures, seed=args.seed, fold=args.fold, scheme=args.scheme, within=within)
    made.save(args.out)
    counts = ", ".join(f"{side} {len(ids)}" for side, ids in made.sides.items())
    why = "so that its judged sides stay unknown" if within else "tied to the test side"
    left_out = f" {len(made.left_out)} images are left out, {why}." if made.left_out else ""
    if made.leaks:
        shared = schemes.overlap(made, records)
        verdict = f"{shared:.0%} of the test images show a lesion that is also in training."
    else:
        verdict = f"no lesion and no near-duplicate on two sides.{left_out}"
    return f"{made.scheme}: {counts} images; {verdict}\nWritten to {args.out}."
