"""Measure a bundle on darker, brighter, blurred, coarser and compressed pictures, through the served runtime."""

from __future__ import annotations

import argparse
from pathlib import Path

from training.commands import arguments
from training.data import splits
from training.data.sides import records_of
from training.reporting.report import command_line, write
from training.studies import asked, robustness, robustness_report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    arguments.data(parser)
    add = parser.add_argument
    add("--bundle", type=Path, required=True)
    add("--split", type=Path, required=True, help="split.json of the bundle's runs")
    add("--side", default="test", choices=["validation", "test"])
    add("--path", default="fused", choices=asked.PATHS, help="image withholds age, sex and site")
    add(
        "--at-most",
        type=arguments.at_least(1),
        help="lesions to draw by chance; 26 passes over 1,000 pictures take about 15 minutes",
    )
    arguments.out(parser)
    arguments.bootstrap(parser)


def run(args: argparse.Namespace) -> str:
    split = splits.Split.load(args.split)
    predictor = asked.opened(args.bundle, split)
    records = records_of(split, arguments.load_records(args), args.side)
    chosen = asked.some_lesions(records, args.at_most)
    levels = robustness.study(predictor, chosen, args.path, bootstrap=args.bootstrap)
    bundle = {"name": predictor.bundle.manifest.name, "sha256": predictor.bundle.sha256}
    report = robustness_report.build(levels, bundle=bundle, path=args.path)
    write(report, args.out, command=command_line(args.argv))
    return f"{report.lead}\nReport in {args.out}."
