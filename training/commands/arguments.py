"""What several commands ask for in the same words, and the data behind it."""

from __future__ import annotations

import argparse
from pathlib import Path

from training.data import ham10000, splits
from training.data.pictures import Pictures, load_pictures
from training.data.records import Record
from training.data.subset import subset


def data(parser: argparse.ArgumentParser) -> None:
    """``--data --cache --partial``: which photographs."""
    parser.add_argument("--data", type=Path, required=True, help="folder with HAM10000_metadata.csv")
    parser.add_argument("--cache", type=Path, default=Path("var/training-cache"), help="decoded pictures, about 2 GB")
    parser.add_argument("--partial", action="store_true", help="accept a subset: do not check HAM10000's counts")
    parser.add_argument("--images", type=int, help="use about this many: whole lesions of every class, for a first try")


def out(parser: argparse.ArgumentParser, what: str = "folder of the report") -> None:
    parser.add_argument("--out", type=Path, required=True, help=what)


def bootstrap(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--bootstrap", type=int, default=1000, help="resamples over lesions for the intervals")


def load_records(args: argparse.Namespace) -> list[Record]:
    records = ham10000.load(args.data, expect_full=not args.partial)
    return subset(records, args.images) if args.images is not None else records


def load_data(args: argparse.Namespace) -> tuple[list[Record], Pictures]:
    """Records and their decoded pictures, in one order."""
    records = load_records(args)
    return records, load_pictures(records, args.cache)


def checked_split(records: list[Record], pictures: Pictures, *, seed: int, fold: int) -> splits.Split:
    """A lesion-grouped split that was checked for leaks and near-duplicates. Raises ``LeakError``."""
    twins = splits.near_duplicates(pictures.stored)
    made = splits.split_by_lesion(records, twins, seed=seed, fold=fold)
    splits.check_no_leak(made, records, twins)
    return made


def widths(text: str) -> tuple[int, ...]:
    """Parse ``32-64-128-256``."""
    values = tuple(int(part) for part in text.split("-"))
    if len(values) != 4 or min(values) < 8:
        raise argparse.ArgumentTypeError("four stage widths of 8 or more, such as 32-64-128-256")
    return values
