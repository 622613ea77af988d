"""Hold back a fixed subset of df, vasc and akiec, or score a run on it; each reading is written down beside it."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from training.commands import arguments
from training.data import rare
from training.data.records import Record
from training.evaluation.trained import score_run
from training.fitting.runs import load_run
from training.reporting.report import command_line, write
from training.studies import rare_report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    arguments.data(parser)
    add = parser.add_argument
    add("--subset", type=Path, required=True, help="file of the subset")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--split", type=Path, help="take the subset of this split's test side and write it")
    what.add_argument("--run", type=Path, help="score this run on the subset")
    add("--purpose", default="report", choices=rare.PURPOSES, help="why it is read; tuning is no purpose")
    add("--out", type=Path, help="folder of the report, with --run")
    arguments.bootstrap(parser)


def run(args: argparse.Namespace) -> str:
    return _take(args) if args.split else _score(args)


def _take(args: argparse.Namespace) -> str:
    records, pictures = arguments.load_data(args)
    subset = rare.take(records, arguments.loaded_split(args.split, records, pictures))
    subset.save(args.subset)
    counts = Counter(record.diagnosis for record in _chosen(records, subset))
    named = ", ".join(f"{code} {counts[code]}" for code in rare.RARE)
    return f"{named} photographs held back in {args.subset}; its readings are counted from now on."


def _score(args: argparse.Namespace) -> str:
    if not args.out:
        raise ValueError("--run needs --out, the folder of the report.")
    records, pictures = arguments.load_data(args)
    trained, command = load_run(args.run), command_line(args.argv)
    subset, reading = rare.read(args.subset, purpose=args.purpose, command=command)
    rare.check_unseen(subset, records, trained.split)
    chosen = set(_chosen(records, subset))
    rows = [i for i, record in enumerate(records) if record in chosen]
    judged = score_run(trained, records, pictures, rows)
    report = rare_report.build(judged, subset, reading=reading, bootstrap=args.bootstrap)
    write(report, args.out, command=command)
    return f"{report.lead}\nReport in {args.out}."


def _chosen(records: list[Record], subset: rare.RareSubset) -> list[Record]:
    held = set(subset.images)
    return [record for record in records if record.image_id in held]
