"""Measure the quality gate: clean pictures, severe blur, darkness, JPEG, and the same pictures on other skin tones."""

from __future__ import annotations

import argparse
from pathlib import Path

from inference.bundle import load_manifest
from training.commands import arguments
from training.data import splits
from training.data.sides import records_of
from training.reporting.report import command_line, write
from training.studies import asked, gate


def add_arguments(parser: argparse.ArgumentParser) -> None:
    arguments.data(parser)
    add = parser.add_argument
    add("--bundle", type=Path, required=True, help="whose input size the pictures are brought to")
    add("--split", type=Path, required=True, help="split.json")
    add("--side", default="test", choices=["train", "validation", "test"])
    add("--at-most", type=arguments.at_least(1), help="lesions to draw by chance")
    arguments.out(parser)
    arguments.bootstrap(parser)


def run(args: argparse.Namespace) -> str:
    manifest = load_manifest(args.bundle)
    records = records_of(splits.Split.load(args.split), arguments.load_records(args), args.side)
    asked_of = asked.some_lesions(records, args.at_most)
    about = {"side": args.side, "bundle": {"name": manifest.name, "version": manifest.version}}
    report = gate.build(gate.study(asked_of, manifest.input), asked_of, about=about, bootstrap=args.bootstrap)
    write(report, args.out, command=command_line(args.argv))
    return f"{report.lead}\nReport in {args.out}."
