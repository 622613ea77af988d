"""Measure whether a bundle's heat lies on the lesion, beside maps that see nothing and with its weights shuffled."""

from __future__ import annotations

import argparse
from pathlib import Path

from training.commands import arguments
from training.data import splits
from training.data.records import DataError
from training.data.sides import records_of
from training.reporting.report import command_line, write
from training.studies import asked, heat, heat_report, randomised


def add_arguments(parser: argparse.ArgumentParser) -> None:
    arguments.release(parser)
    add = parser.add_argument
    add("--bundle", type=Path, required=True)
    add("--split", type=Path, required=True, help="split.json of the bundle's runs")
    add("--at-most", type=arguments.at_least(1), help="lesions of each held-out side to draw by chance")
    add("--shuffled", type=arguments.at_least(1), default=64, help="pictures of the check with shuffled weights")
    add("--seed", type=int, default=0, help="of the shuffling")
    arguments.out(parser)
    arguments.bootstrap(parser)


def run(args: argparse.Namespace) -> str:
    split = splits.Split.load(args.split)
    predictor = asked.opened(args.bundle, split)
    records = arguments.load_records(args)
    train = records_of(split, records, "train")
    validation, test = (
        asked.some_lesions(records_of(split, records, side), args.at_most) for side in ("validation", "test")
    )
    if not all(record.mask for record in (*train, *validation, *test)):
        raise DataError("Heat is measured against drawn masks: give a release with one for each photograph.")
    blind = heat.trivial(train, predictor.bundle.manifest.input)
    thresholds = heat.best_thresholds(heat.look(predictor, validation, "validation"), blind)
    seen = heat_report.Seen(
        heat.look(predictor, test, "test"), heat.look(predictor, test, "off-centre crops", crops=True), blind
    )
    report = heat_report.build(
        heat_report.measure(seen, thresholds, test, bootstrap=args.bootstrap),
        heat_report.outlines(seen, test, bootstrap=args.bootstrap),
        randomised.correlations(predictor.bundle, test[: args.shuffled], seed=args.seed),
        thresholds=thresholds,
        about={
            "bundle": {"name": predictor.bundle.manifest.name, "sha256": predictor.bundle.sha256},
            "split": split.digest(),
            "pictures": {"validation": len(validation), "test": len(test), "off-centre crops": len(seen.crops)},
        },
    )
    write(report, args.out, command=command_line(args.argv))
    return f"{report.lead}\nReport in {args.out}."
