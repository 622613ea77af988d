"""Choose the best of the scored pictures, some of each class, and write them small: what the demo clinic shows."""

from __future__ import annotations

import argparse
from pathlib import Path

from training.commands import arguments
from training.data.synthetic import load_manifest
from training.synthesis.shipping import best, ship


def add_arguments(parser: argparse.ArgumentParser) -> None:
    arguments.out(parser, "folder of the JPEGs and their manifest.json")
    add = parser.add_argument
    add("--manifest", type=Path, required=True, help="folder of generated pictures that generate score has seen")
    add("--each", type=arguments.at_least(1), default=6, help="pictures of each class, the lowest NIQE first")
    add("--without", nargs="*", default=[], metavar="NAME", help="pictures that your eye rejects")
    add("--at-most", type=arguments.at_least(1), default=40_000, help="bytes a picture")
    add("--trim", type=int, default=0, metavar="PERCENT", help="of width and height, cut from every edge")


def run(args: argparse.Namespace) -> str:
    manifest = load_manifest(args.manifest)
    chosen = best(manifest, each=args.each, without=args.without)
    shipped = ship(manifest, chosen, args.out, at_most=args.at_most, trim=args.trim)
    counted = ", ".join(f"{count} {code}" for code, count in shipped.counts().items())
    return f"{counted} in {args.out}. Look at each: --without leaves out what no eye would take for a lesion."
