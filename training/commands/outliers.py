"""Lay out for review the pictures that stand apart and those that are nearly one; delete none."""

from __future__ import annotations

import argparse
from pathlib import Path

from training.commands import arguments
from training.data import splits, twins
from training.data.appearance import appearances
from training.evaluation.outliers import strangeness
from training.reporting.report import command_line, write
from training.studies import strangers


def add_arguments(parser: argparse.ArgumentParser) -> None:
    arguments.data(parser)
    add = parser.add_argument
    add("--run", type=Path, help="compare by the features of this run's network; without it by colour and texture")
    add("--top", type=arguments.at_least(1), default=60, help="how many of the strangest are laid out")
    add("--pairs", type=arguments.at_least(0), default=48, help="how many near-duplicates are shown; the table has all")
    add("--seed", type=int, default=0, help="of k-means")
    arguments.out(parser)


def run(args: argparse.Namespace) -> str:
    records, pictures = arguments.load_data(args)
    if args.run:
        from training.fitting.forward import embed
        from training.fitting.runs import load_run

        features, basis = (
            embed(load_run(args.run), records, pictures, list(range(len(records)))),
            "a network's features",
        )
    else:
        features, basis = appearances(pictures.stored), "colour and texture"
    strange = strangeness(features, seed=args.seed)
    kinds = {
        "identical": twins.identical(pictures.stored),
        "other colours": twins.recoloured_duplicates(pictures.stored),
        "alike": splits.near_duplicates(pictures.stored),
    }
    pairs = strangers.pairs_of(records, pictures, kinds)
    report = strangers.build(records, pictures, strange, pairs, basis=basis, top=args.top, shown_pairs=args.pairs)
    write(report, args.out, command=command_line(args.argv))
    return f"{report.lead}\nReport in {args.out}; the list for the reviewer is flagged.csv."
