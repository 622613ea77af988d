"""Measure a bundle through the served runtime on one side of a split."""

from __future__ import annotations

import argparse
from pathlib import Path

from training.commands import arguments
from training.data import splits
from training.evaluation.served import evaluate_served
from training.evaluation.side import summary


def add_arguments(parser: argparse.ArgumentParser) -> None:
    arguments.data(parser)
    add = parser.add_argument
    add("--bundle", type=Path, required=True)
    add("--split", type=Path, required=True, help="split.json of the run")
    add("--side", default="test", choices=["validation", "test"])
    arguments.out(parser)
    arguments.bootstrap(parser)


def run(args: argparse.Namespace) -> str:
    records = arguments.load_records(args)
    made = splits.Split.load(args.split)
    measured = evaluate_served(args.bundle, records, made.sides[args.side], args.out, bootstrap=args.bootstrap)
    return f"{summary(measured)}\nReport in {args.out}."
