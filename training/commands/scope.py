"""Teach a bundle what it has never seen: write it again with a scope, measured on its test side and on probes."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from inference.bundle import Bundle
from training.commands import arguments
from training.data import splits
from training.data.sides import records_of
from training.evaluation.embedded import cache_file, embed
from training.evaluation.outside import check_own_split
from training.export.scope import REFUSED, fit_section, fit_space, weights_of, with_scope
from training.reporting.report import command_line, write
from training.studies import probes, scope


def add_arguments(parser: argparse.ArgumentParser) -> None:
    arguments.data(parser)
    add = parser.add_argument
    add("--bundle", type=Path, required=True)
    add("--split", type=Path, required=True, help="split.json of the bundle's runs")
    add("--version", required=True, help="of the new bundle")
    add("--fit-on", type=arguments.at_least(2), help="training photographs to draw by chance (all; 12 minutes a 8,000)")
    add("--probes", type=arguments.at_least(1), default=25, help="of each family and seed")
    add("--report", type=Path, required=True, help="folder of the report")
    arguments.out(parser, "new folder of the bundle")


def run(args: argparse.Namespace) -> str:
    split, bundle = splits.Split.load(args.split), Bundle.load(args.bundle)
    check_own_split(bundle.manifest.name, bundle.manifest.training_data, split)
    if args.out.exists():
        raise FileExistsError(f"{args.out} exists already; give the bundle a new version.")
    records = arguments.load_records(args)
    side = {name: records_of(split, records, name) for name in ("train", "validation", "test")}
    if args.fit_on and args.fit_on < len(side["train"]):
        drawn = np.random.default_rng(0).permutation(len(side["train"]))[: args.fit_on]
        side["train"] = [side["train"][row] for row in drawn]
    cache = cache_file(args.cache, bundle)
    rows = {name: embed(bundle, held, cache) for name, held in side.items()}
    space = fit_space(rows["train"])
    section = fit_section(space, bundle.head, rows["validation"])
    drawn_probes = [probe for seed in scope.PROBE_SEEDS for probe in probes.probes(args.probes, seed=seed)]
    test = scope.of_records(bundle, space, section, side["test"], rows["test"])
    probed = scope.of_probes(bundle, space, section, drawn_probes)
    measured = {
        **scope.measure(test, probed, drawn_probes),
        "selective_risk": scope.selective_risk(bundle, side["test"], rows["test"]),
        "limit": section.limit,
        "weights_of": weights_of(bundle)["version"],
        "chosen": scope.CHOSEN,
        "fitted_on": f"{len(side['train'])} images of the training side; the limit gives up {REFUSED:.1%} of the "
        f"{len(side['validation'])} of the validation side",
    }
    made = with_scope(bundle, args.out, version=args.version, space=space, section=section, measured=measured)
    named = {"name": made.manifest.name, "version": made.manifest.version, "sha256": made.sha256}
    report = scope.build(measured, test, probed, named)
    write(report, args.report, command=command_line(args.argv))
    return f"{report.lead}\nBundle {made.sha256} in {args.out}, report in {args.report}."
