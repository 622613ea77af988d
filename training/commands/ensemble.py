"""Join runs, or the predictions that they left: average and majority vote, and what that gains with its interval."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from training.commands import arguments
from training.data import splits
from training.data.records import DataError
from training.data.sides import records_of
from training.fitting.runs import check_no_twice, load_run
from training.metrics import Answers
from training.reporting.report import command_line, write
from training.studies import answered, ensemble_report, floor_models, predictions

Members = dict[str, dict[str, Answers]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    arguments.data(parser)
    add = parser.add_argument
    add("--run", type=Path, action="append", default=[], help="folder of a run; repeat")
    add("--predictions", type=Path, action="append", default=[], help="predictions.csv of a side; repeat")
    add("--split", type=Path, help="split.json of the predictions")
    add("--side", default="test", choices=["validation", "test"])
    arguments.out(parser)
    arguments.bootstrap(parser)


def run(args: argparse.Namespace) -> str:
    if bool(args.run) == bool(args.predictions):
        raise DataError("Give --run twice or more, or --predictions twice or more with --split.")
    members, log_prior = _of_runs(args) if args.run else _of_predictions(args)
    report = ensemble_report.build(members, log_prior, bootstrap=args.bootstrap)
    write(report, args.out, command=command_line(args.argv))
    return f"{report.lead}\nReport in {args.out}."


def _of_runs(args: argparse.Namespace) -> tuple[Members, np.ndarray]:
    runs = [load_run(path) for path in args.run]
    check_no_twice(runs)
    if len({one.split.digest() for one in runs}) > 1:
        raise DataError("These runs were trained on different splits; one may have seen what another is tested on.")
    records, pictures = arguments.load_data_of(args, runs)
    members: Members = {path: {} for path in answered.PATHS}
    for number, one in enumerate(runs, start=1):
        found = answered.answer(one, records, pictures, [args.side])[args.side]
        for path in answered.PATHS:
            members[path][f"{number}: {one.path.name}"] = found[path]
    return members, np.array(runs[0].priors.true)


def _of_predictions(args: argparse.Namespace) -> tuple[Members, np.ndarray]:
    if not args.split:
        raise DataError("--predictions need --split, the split.json that they were made on.")
    split = splits.Split.load(args.split)
    records = arguments.load_records(args)
    asked = records_of(split, records, args.side)
    log_prior = floor_models.log_prior(floor_models.targets(records_of(split, records, "train")))
    members: Members = {path: {} for path in answered.PATHS}
    for number, file in enumerate(args.predictions, start=1):
        for path in answered.PATHS:
            members[path][f"{number}: {file.parent.name}"] = predictions.read(file, asked, path, log_prior)
    return members, log_prior
