"""Round a bundle's network to eight bits: faster, half the size, its loss measured beside the one it was made from."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from inference.bundle import Bundle
from training.commands import arguments
from training.commands.servable import next_commands
from training.data import splits
from training.data.sides import rows_of
from training.evaluation.outside import check_own_split
from training.export import quantised
from training.reporting.report import command_line, write
from training.studies import rounding


def add_arguments(parser: argparse.ArgumentParser) -> None:
    arguments.data(parser)
    add = parser.add_argument
    add("--bundle", type=Path, required=True)
    add("--split", type=Path, required=True, help="split.json of the bundle's runs")
    add("--version", required=True, help="of the new bundle")
    add("--pictures", type=arguments.at_least(1), default=200, help="of the training side, which show each range")
    add("--report", type=Path, required=True, help="folder of the report")
    arguments.out(parser, "new folder of the bundle")
    arguments.bootstrap(parser)


def run(args: argparse.Namespace) -> str:
    split, bundle = splits.Split.load(args.split), Bundle.load(args.bundle)
    check_own_split(bundle.manifest.name, bundle.manifest.training_data, split)
    if args.out.exists():
        raise FileExistsError(f"{args.out} exists already; give the bundle a new version.")
    records, pictures = arguments.load_data(args)
    rows = {side: rows_of(split, records, side) for side in ("train", "validation", "test")}
    drawn = np.random.default_rng(0).permutation(rows["train"])[: args.pictures]
    model = quantised.rounded(bundle, pictures.viewed, drawn)
    before, after = (quantised.judge_sides(bundle, graph, records, pictures, rows) for graph in (bundle.model, model))
    made = quantised.write_rounded(
        bundle,
        model,
        after,
        args.out,
        version=args.version,
        pictures=len(drawn),
        records=records,
        split=split,
        bootstrap=args.bootstrap,
    )
    report = rounding.build(
        bundle, made, before, after, [records[row] for row in rows["test"]], bootstrap=args.bootstrap
    )
    write(report, args.report, command=command_line(args.argv))
    said = f"{report.lead}\nBundle {made.sha256} in {args.out}, report in {args.report}."
    return f"{said}\n{next_commands(args, args.split)}"
