"""Describe the data: a sample of each class, counts by class, age, sex and site, what is unknown, what is double."""

from __future__ import annotations

import argparse

from training.commands import arguments
from training.data import splits, twins
from training.data.description import ages_as_written, describe, pair_counts
from training.reporting.report import command_line, write
from training.studies import exploration


def add_arguments(parser: argparse.ArgumentParser) -> None:
    arguments.data(parser)
    arguments.out(parser)


def run(args: argparse.Namespace) -> str:
    records, pictures = arguments.load_data(args)
    kinds = {
        "identical": twins.identical(pictures.stored),
        "alike": splits.near_duplicates(pictures.stored),
        "other colours": twins.recoloured_duplicates(pictures.stored),
    }
    found = describe(records)
    found["near_duplicates"] = {kind: pair_counts(records, pairs) for kind, pairs in kinds.items()}
    if args.source == "ham10000" and args.images is None:
        found["age_as_written"] = ages_as_written(args.data / "HAM10000_metadata.csv")
    report = exploration.build(records, pictures, found)
    write(report, args.out, command=command_line(args.argv))
    return f"{report.lead}\nReport in {args.out}."
