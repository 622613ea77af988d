"""Say what each way of cleaning changes: rows dropped, ages filled in, numbers that a network would see."""

from __future__ import annotations

import argparse
from pathlib import Path

from training.commands import arguments
from training.data import splits
from training.reporting.report import command_line, write
from training.studies.cleaning import compare


def add_arguments(parser: argparse.ArgumentParser) -> None:
    arguments.release(parser)
    parser.add_argument("--split", type=Path, help="whose training side gives the median; else one is made by lesion")
    parser.add_argument("--seeds", type=arguments.at_least(1), default=5, help="forests on metadata to average")
    arguments.out(parser)
    arguments.bootstrap(parser)


def run(args: argparse.Namespace) -> str:
    records = arguments.load_records(args)
    split = splits.Split.load(args.split) if args.split else splits.split_by_lesion(records, [])
    report = compare(records, split, seeds=args.seeds, bootstrap=args.bootstrap)
    write(report, args.out, command=command_line(args.argv))
    return f"{report.lead}\nReport in {args.out}."
