"""Measure what is reached without any network, on a run's split, and how much of it a bundle or run leaves."""

from __future__ import annotations

import argparse
from pathlib import Path

from training.commands import arguments
from training.data import splits, twins
from training.data.records import Record
from training.data.sides import records_of
from training.evaluation.predicted import answers_to, read_predictions
from training.metrics import Answers, Interval
from training.reporting.report import command_line, write
from training.studies import asked, floor, floor_models, floor_report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    arguments.data(parser)
    add = parser.add_argument
    add("--split", type=Path, required=True, help="split.json of the run that is compared, or of the split command")
    network = parser.add_mutually_exclusive_group()
    network.add_argument("--bundle", type=Path, help="print what this bundle leaves of the floor's errors")
    network.add_argument("--predictions", type=Path, help="the same for a predictions.csv of the test side")
    add("--out-of-fold", action="store_true", help="answer every picture over five folds as well; about 3 minutes")
    arguments.out(parser)
    arguments.bootstrap(parser)


def run(args: argparse.Namespace) -> str:
    records, pictures = arguments.load_data(args)
    split = splits.Split.load(args.split)
    pairs = twins.all_duplicates(pictures.stored)
    arguments.check_split(split, records, pairs)
    measured = floor.measure(records, pictures, split, twins=pairs if args.out_of_fold else None)
    best = measured.answers[floor_models.FOREST]
    network = _network(args, records, split)
    ratios = {path: floor.ratio(network[path], best[path], bootstrap=args.bootstrap) for path in network}
    report = floor_report.build(measured, split, ratios, bootstrap=args.bootstrap)
    write(report, args.out, command=command_line(args.argv))
    return f"{report.lead}\n{_lines(ratios)}Report in {args.out}."


def _network(args: argparse.Namespace, records: list[Record], split: splits.Split) -> dict[str, Answers]:
    """The network's answers on both paths in the order of the floor's, or nothing."""
    test = records_of(split, records, "test")
    if args.bundle:
        predictor = asked.opened(args.bundle, split)
        return {path: asked.answers(asked.ask(predictor, test, path), test) for path in floor.PATHS}
    if args.predictions:
        told = {path: read_predictions(args.predictions, path) for path in floor.PATHS}
        return {path: answers_to(told[path], test, args.predictions) for path in floor.PATHS}
    return {}


def _lines(ratios: dict[str, Interval]) -> str:
    return "".join(
        f"errors left of the floor's (p/prior), {path}: {found.value:.3f} [{found.low:.3f}, {found.high:.3f}], "
        f"which {floor.verdict(found)} the target of at most {floor.TARGET_RATIO}\n"
        for path, found in ratios.items()
    )
