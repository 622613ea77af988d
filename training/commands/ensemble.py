"""Join runs, or the predictions that they left: mean of scores (as export), mean of p, vote, and what each gains."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from training.commands import arguments
from training.data import splits
from training.data.records import DataError
from training.data.sides import records_of
from training.evaluation.predicted import answers_to, read_predictions
from training.evaluation.trained import calibrate
from training.fitting.runs import check_no_twice, load_run
from training.metrics import Answers
from training.reporting.report import command_line, write
from training.studies import answered, ensemble, ensemble_report, floor_models

Members = dict[str, dict[str, Answers]]  # by path and name
Asked = tuple[Members, dict[str, Answers], np.ndarray]  # members, the mean of their scores by path, log prior


def add_arguments(parser: argparse.ArgumentParser) -> None:
    arguments.data(parser)
    add = parser.add_argument
    add("--run", type=Path, action="append", default=[], help="folder of a run; repeat")
    add("--predictions", type=Path, action="append", default=[], help="predictions.csv of a side; repeat")
    add("--split", type=Path, help="split.json of the predictions")
    arguments.side(parser, "test")
    arguments.out(parser)
    arguments.bootstrap(parser)


def run(args: argparse.Namespace) -> str:
    if bool(args.run) == bool(args.predictions):
        raise DataError("Give --run twice or more, or --predictions twice or more with --split.")
    members, joined, log_prior = _of_runs(args) if args.run else _of_predictions(args)
    report = ensemble_report.build(members, joined, log_prior, side=args.side, bootstrap=args.bootstrap)
    write(report, args.out, command=command_line(args.argv))
    return f"{report.lead}\nReport in {args.out}."


def _of_runs(args: argparse.Namespace) -> Asked:
    runs = [load_run(path) for path in args.run]
    check_no_twice(runs)
    if len(runs) < 2:
        raise DataError("An ensemble needs two members or more: give --run twice or more.")
    if len({one.split.digest() for one in runs}) > 1:
        raise DataError("These runs were trained on different splits; one may have seen what another is tested on.")
    records, pictures = arguments.load_data_of(args, runs)
    judged = [answered.judge(one, records, pictures, [args.side]) for one in runs]
    joined = {side: ensemble.join([by_side[side] for by_side in judged]) for side in judged[0]}
    fits = [calibrate(one, by_side["validation"]) for one, by_side in zip(runs, judged, strict=True)]
    joint = calibrate(runs[0], joined["validation"])
    names = [f"{number}: {one.path.name}" for number, one in enumerate(runs, start=1)]
    members: Members = {
        path: {
            name: fit.answers(by_side[args.side], path) for name, fit, by_side in zip(names, fits, judged, strict=True)
        }
        for path in answered.PATHS
    }
    return members, {path: joint.answers(joined[args.side], path) for path in members}, np.array(runs[0].priors.true)


def _of_predictions(args: argparse.Namespace) -> Asked:
    if not args.split:
        raise DataError("--predictions need --split, the split.json that they were made on.")
    if len({file.read_bytes() for file in args.predictions}) < max(2, len(args.predictions)):
        raise DataError("An ensemble needs two members or more: name each predictions.csv once.")
    split = splits.Split.load(args.split)
    records = arguments.load_records(args)
    asked = records_of(split, records, args.side)
    log_prior = floor_models.log_prior(floor_models.targets(records_of(split, records, "train")))
    members: Members = {
        path: {
            f"{number}: {file.parent.name}": answers_to(read_predictions(file, path), asked, file)
            for number, file in enumerate(args.predictions, start=1)
        }
        for path in answered.PATHS
    }
    joined = {path: ensemble.average_scores(list(by_name.values())) for path, by_name in members.items()}
    return members, joined, log_prior
