"""Fit a bundle's prediction sets anew on its validation side; all else stays, the weights to the bit."""

from __future__ import annotations

import argparse
from pathlib import Path

from inference.bundle import Bundle
from training.commands import arguments
from training.data import splits
from training.data.sides import rows_of
from training.evaluation.calibration import BORROWED
from training.evaluation.outside import check_own_split
from training.evaluation.side import summary
from training.export.judging import judge
from training.export.limits import fit_limits, measured_sets, with_limits
from training.export.quantised import priors_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    arguments.data(parser)
    add = parser.add_argument
    add("--bundle", type=Path, required=True)
    add("--split", type=Path, required=True, help="split.json of the bundle's runs")
    add("--version", required=True, help="of the new bundle")
    add("--borrowed", type=float, default=BORROWED, help="rows for the limit of a benign class of few lesions; 0: none")
    arguments.out(parser, "new folder of the bundle")
    arguments.bootstrap(parser)


def run(args: argparse.Namespace) -> str:
    split, bundle = splits.Split.load(args.split), Bundle.load(args.bundle)
    check_own_split(bundle.manifest.name, bundle.manifest.training_data, split)
    if args.out.exists():
        raise FileExistsError(f"{args.out} exists already; give the bundle a new version.")
    records, pictures = arguments.load_data(args)
    side = {
        key: judge(
            bundle.model,
            bundle.head,
            records=records,
            pictures=pictures,
            rows=rows_of(split, records, key),
            priors=priors_of(bundle),
        )
        for key in ("validation", "test")
    }
    fitted = fit_limits(bundle, side["validation"], borrowed=args.borrowed)
    measured = measured_sets(fitted, side["test"], bootstrap=args.bootstrap)
    made = with_limits(bundle, args.out, version=args.version, fitted=fitted, measured=measured)
    sets = measured["fused"]["prediction_sets"]
    said = f"Sets of the test side hold the truth in {sets['coverage']:.1%}, mean size {sets['mean_size']:.3f}."
    return f"{summary(measured)}\n{said}\nBundle {made.sha256} in {args.out}."
