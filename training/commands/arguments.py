"""What several commands ask for in the same words, and the data behind it."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from training.data import schemes, sources, splits, twins
from training.data.cleaning import MODES, clean
from training.data.labels import Reading, read_label_map
from training.data.pictures import Pictures, load_pictures
from training.data.presets import Recipe
from training.data.records import DataError, Record
from training.data.subset import subset
from training.fitting.runs import Run

FEWEST_RESAMPLES = 20  # with fewer the ends of a 95 % interval are no more than the smallest and largest resample


def release(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """``--source --data --label-map --exclude-label --partial --images``: which photographs, and what they show."""
    parser.add_argument("--source", default="ham10000", choices=list(sources.SOURCES), help="the layout of --data")
    parser.add_argument("--data", type=Path, required=required, help="folder of the release")
    parser.add_argument("--label-map", type=Path, help="CSV label,code before the source's own; no code: leave out")
    parser.add_argument("--exclude-label", action="append", default=[], help="leave out photographs of this label")
    parser.add_argument("--partial", action="store_true", help="accept a subset: do not check a release's counts")
    parser.add_argument("--images", type=int, help="use about this many: whole lesions of every class, for a first try")


def data(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """What ``release`` asks for, and ``--cache``: photographs as a network sees them."""
    release(parser, required=required)
    parser.add_argument("--cache", type=Path, default=Path("var/training-cache"), help="decoded pictures, about 2 GB")


def cleaning(parser: argparse.ArgumentParser) -> None:
    """``--cleaning``: for what makes a split or a run; what reads a run cleans as that did."""
    parser.add_argument("--cleaning", default="keep", choices=list(MODES), help="see the command clean")


def out(parser: argparse.ArgumentParser, what: str = "folder of the report") -> None:
    parser.add_argument("--out", type=Path, required=True, help=what)


def bootstrap(parser: argparse.ArgumentParser) -> None:
    what = f"resamples over lesions for the intervals, {FEWEST_RESAMPLES} or more"
    parser.add_argument("--bootstrap", type=at_least(FEWEST_RESAMPLES), default=1000, help=what)


def side(parser: argparse.ArgumentParser, default: str) -> None:
    """``--side``: validation for choosing, test for publishing what was chosen before."""
    told = "what is judged; choose by validation alone: a choice by the test side spends it"
    parser.add_argument("--side", default=default, choices=["validation", "test"], help=told)


def load_records(args: argparse.Namespace, cleaning: str | None = None) -> list[Record]:
    given = read_label_map(args.label_map) if args.label_map else {}
    excluded = dict.fromkeys(args.exclude_label)
    reading = Reading(expect_full=not args.partial, labels={**given, **excluded})
    how: str = getattr(args, "cleaning", "keep") if cleaning is None else cleaning
    records = clean(sources.load(args.source, args.data, reading), how).records
    return subset(records, args.images) if args.images is not None else records


def load_data(args: argparse.Namespace) -> tuple[list[Record], Pictures]:
    """Records and their decoded pictures, in one order."""
    records = load_records(args)
    return records, load_pictures(records, args.cache)


def load_data_of(args: argparse.Namespace, runs: list[Run]) -> tuple[list[Record], Pictures]:
    """Records and pictures prepared as those that ``runs`` learned from. Raises ``DataError`` when those differ."""
    ways = {(run.config.get("cleaning", "keep"), Recipe.of(run.config)) for run in runs}
    if len(ways) > 1:
        raise DataError("These runs learned from pictures or metadata prepared in different ways; evaluate them apart.")
    ((how, recipe),) = ways
    records = load_records(args, how)
    return records, load_pictures(records, args.cache, recipe)


def scheme(parser: argparse.ArgumentParser) -> None:
    """``--scheme --fold``: how sides are made, unless ``--split`` names a file."""
    add = parser.add_argument
    add("--scheme", default="lesion", choices=schemes.SCHEMES, help="image-level leaks and says so in every report")
    add("--fold", type=int, default=0, help="which tenth (lesion-folds: which fifth) is tested")


def checked_split(
    records: list[Record],
    pictures: Pictures,
    *,
    seed: int,
    fold: int,
    scheme: str = "lesion",
    within: splits.Split | None = None,
) -> splits.Split:
    """A split that was checked for leaks and near-duplicates, but for image-level. Raises ``LeakError``."""
    near, recoloured = splits.near_duplicates(pictures.stored), twins.recoloured_duplicates(pictures.stored)
    made = schemes.split_by(scheme, records, near, recoloured, seed=seed, fold=fold, within=within)
    check_split(made, records, [*near, *recoloured])
    return made


def loaded_split(path: Path, records: list[Record], pictures: Pictures) -> splits.Split:
    """A split file that fits ``records``, checked again: only a split that says that it leaks may leak."""
    made = splits.Split.load(path)
    check_split(made, records, twins.all_duplicates(pictures.stored))
    return made


def check_split(made: splits.Split, records: list[Record], pairs: list[tuple[int, int]]) -> None:
    """Raise ``LeakError`` if ``pairs`` of near-duplicates or a lesion are torn, unless ``made`` says that it leaks."""
    if made.leaks:
        splits.check_same_images(made, records)
    else:
        splits.check_no_leak(made, records, pairs)


def widths(text: str) -> tuple[int, ...]:
    """Parse ``32-64-128-256``."""
    return _of_four_stages(text, 8, "four stage widths of 8 or more, such as 32-64-128-256")


def blocks(text: str) -> tuple[int, ...]:
    """Parse ``2-2-2-2``."""
    return _of_four_stages(text, 1, "the blocks of four stages, 1 or more each, such as 3-4-6-3")


def _of_four_stages(text: str, least: int, wanted: str) -> tuple[int, ...]:
    parts = text.split("-")
    values = tuple(int(part) for part in parts if part.isdecimal())
    if len(parts) != 4 or len(values) != 4 or min(values) < least:
        raise argparse.ArgumentTypeError(wanted)
    return values


def at_least(least: int) -> Callable[[str], int]:
    """What parses a whole number of ``least`` or more and refuses any other text with a sentence."""

    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if number < least:
            raise argparse.ArgumentTypeError(f"{text} is not a whole number of {least} or more; give one")
        return number

    return parse
