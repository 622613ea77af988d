"""Show what the test side of each way to split shares with training, the report's own splits among them."""

from __future__ import annotations

import argparse

from training.commands import arguments
from training.data import splits, twins
from training.data.description import images_of_age_zero
from training.data.report_splits import report_rows, report_splits
from training.data.schemes import split_by
from training.reporting.report import command_line, write
from training.studies import overlap


def add_arguments(parser: argparse.ArgumentParser) -> None:
    arguments.data(parser)
    arguments.out(parser)


def run(args: argparse.Namespace) -> str:
    if args.source != "ham10000" or args.images is not None:
        raise ValueError("The report's splits are of HAM10000's own rows: leave --source and --images out.")
    records, pictures = arguments.load_data(args)
    kept = report_rows(records, images_of_age_zero(args.data / "HAM10000_metadata.csv"))
    near, recoloured = splits.near_duplicates(pictures.stored), twins.recoloured_duplicates(pictures.stored)
    made = [
        *report_splits(records, f"all {len(records):,} rows").values(),
        *report_splits(kept, f"the {len(kept):,} rows it keeps").values(),
        *(split_by(scheme, records, near, recoloured) for scheme in ("image-level", "lesion", "lesion-folds")),
    ]
    if len({record.source for record in records}) > 1:
        made.append(split_by("leave-source-out", records, near, recoloured))
    report = overlap.build(made, records)
    write(report, args.out, command=command_line(args.argv))
    return f"{report.lead}\nReport in {args.out}."
