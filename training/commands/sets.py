"""Compare ways of making prediction sets on the out-of-fold answers that evaluate wrote; no network runs."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from training.commands import arguments
from training.data.splits import Split
from training.evaluation.predicted import read_predictions
from training.reporting.report import command_line, write
from training.studies import sets


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--predictions", type=Path, required=True, help="predictions.csv of an evaluation of the runs of several folds")
    add("--path", default="fused", choices=["fused", "image"])
    add("--without", type=Path, help="split.json whose test side is left out, so that a choice does not spend it")
    add("--deals", type=arguments.at_least(2), default=40, help="times that each fold is dealt into halves")
    arguments.out(parser)


def run(args: argparse.Namespace) -> str:
    rows = read_predictions(args.predictions, args.path)
    left_out = Split.load(args.without).test if args.without else ()
    kept = ~np.isin(rows.images, list(left_out))
    about = {"path": args.path, "photographs": int(kept.sum()), "left_out": int((~kept).sum()), "deals": args.deals}
    measured = sets.measure(rows, kept, deals=args.deals)
    report = sets.build(measured, about=about)
    write(report, args.out, command=command_line(args.argv))
    return f"{report.lead}\nReport in {args.out}."
