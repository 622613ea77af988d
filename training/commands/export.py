"""Join runs into one bundle: calibrate on validation, measure on test, write the card."""

from __future__ import annotations

import argparse
from pathlib import Path

from training.commands import arguments
from training.commands.servable import next_commands
from training.data import splits, twins
from training.evaluation.side import summary
from training.export import bundle
from training.fitting.runs import check_no_twice, load_run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    arguments.data(parser)
    add = parser.add_argument
    add("--run", type=Path, action="append", required=True, help="folder of a run; repeat for an ensemble")
    add("--name", default="ham10000-fused")
    add("--version", required=True)
    add("--half", action="store_true", help="store the kernels in half precision: half the size")
    arguments.out(parser, "new folder of the bundle")
    arguments.bootstrap(parser)


def run(args: argparse.Namespace) -> str:
    runs = [load_run(path) for path in args.run]
    if any(one.split.leaks for one in runs):
        raise splits.LeakError(f"{runs[0].split.scheme}: such a run is for comparison and is never served.")
    check_no_twice(runs)
    records, pictures = arguments.load_data(args)
    splits.check_no_leak(runs[0].split, records, twins.all_duplicates(pictures.stored))
    made, measured = bundle.export(
        runs,
        records,
        pictures,
        args.out,
        name=args.name,
        version=args.version,
        bootstrap=args.bootstrap,
        half=args.half,
    )
    onwards = next_commands(args, args.run[0] / "split.json")
    return f"{summary(measured)}\nBundle {made.sha256} in {args.out}.\n{onwards}"
