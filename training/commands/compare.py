"""Compare two models on the same photographs: paired bootstrap over lesions, interval and p of each difference."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from training.commands import arguments
from training.data.records import DataError
from training.evaluation.compared import comparison_report
from training.evaluation.folds import check_one_experiment
from training.evaluation.metadata import METADATA
from training.evaluation.paired import aligned, compare
from training.evaluation.predicted import Rows, join, read_predictions
from training.evaluation.trained import predict_run
from training.fitting.runs import load_run
from training.reporting.report import command_line, write

WHAT = "a predictions.csv, the folder of an evaluation, or (with --data) a run; repeat for other folds"
VALIDATION = "Temperature and flag threshold were fitted on these very rows, and settings may have been chosen on them."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    for side in ("a", "b"):
        add(f"--{side}", type=Path, action="append", required=True, help=WHAT)
        add(f"--path-{side}", help="fused, image, fused-withheld or fused-shuffled; left out: the first that is there")
        add(f"--metadata-{side}", default="kept", choices=METADATA, help="what a run is told of age, sex and site")
    add("--side", default="test", choices=["validation", "test"], help="of the runs' split; a table has its own")
    arguments.data(parser, required=False)
    arguments.out(parser)
    arguments.bootstrap(parser)


def run(args: argparse.Namespace) -> str:
    found = [_rows(args, side) for side in ("a", "b")]
    a, b = aligned(*found)
    names = tuple(" and ".join(path.name for path in paths) for paths in (args.a, args.b))
    report = comparison_report(a, b, compare(a, b, bootstrap=args.bootstrap), (names[0], names[1]))
    if args.side == "validation":
        report = replace(report, values={**report.values, "side": args.side}, limits=(*report.limits, VALIDATION))
    write(report, args.out, command=command_line(args.argv))
    return f"{report.lead}\nReport in {args.out}."


def _rows(args: argparse.Namespace, side: str) -> Rows:
    given: list[Path] = getattr(args, side)
    path, metadata = getattr(args, f"path_{side}"), getattr(args, f"metadata_{side}")
    runs = [folder for folder in given if (folder / "final.ckpt").is_file()]
    if runs and len(runs) < len(given):
        raise DataError(f"--{side} names runs and tables: evaluate the runs first, or name runs alone.")
    if runs:
        return join(_of_runs(args, runs, path, metadata))
    if metadata != "kept":
        raise DataError(f"A table says what was predicted: --metadata-{side} is for runs; evaluate has --metadata.")
    if args.side != "test":
        raise DataError("A table says what was predicted: --side is for runs; evaluate has --side.")
    return join([read_predictions(one / "predictions.csv" if one.is_dir() else one, path) for one in given])


def _of_runs(args: argparse.Namespace, folders: list[Path], path: str | None, metadata: str) -> list[Rows]:
    if args.data is None:
        raise DataError("To compare runs, say with --data where their photographs are.")
    runs = [load_run(folder) for folder in folders]
    check_one_experiment(runs)
    records, pictures = arguments.load_data_of(args, runs)
    found = []
    for folder, one in zip(folders, runs, strict=True):
        paths = predict_run(one, records, pictures, side=args.side, metadata=metadata)
        name = path or next(iter(paths))
        if name not in paths:
            raise DataError(f"{folder} answers by the paths {', '.join(paths)}, not {name!r}.")
        found.append(paths[name].rows(name))
    return found
