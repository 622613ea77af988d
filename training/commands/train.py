"""Train one network; run it again with the same --out to resume."""

from __future__ import annotations

import argparse
from pathlib import Path

from training.commands import arguments, fitting_options, network_options, picture_options
from training.fitting import engine
from training.fitting.config import TrainConfig


def add_arguments(parser: argparse.ArgumentParser) -> None:
    arguments.data(parser)
    arguments.out(parser, "folder of this run")
    network_options.add_arguments(parser)
    picture_options.add_arguments(parser)
    add = parser.add_argument
    add("--split", type=Path, help="a file that split wrote; without it --scheme and --fold make one")
    arguments.scheme(parser)
    fitting_options.add_arguments(parser)


def run(args: argparse.Namespace) -> str:
    network = network_options.chosen(args)  # refuses a wrong switch before anything is decoded
    network.fetch()
    records, plain = arguments.load_data(args)
    if args.split:
        made = arguments.loaded_split(args.split, records, plain)
    else:
        made = arguments.checked_split(records, plain, seed=0, fold=args.fold, scheme=args.scheme)
    pictures = picture_options.prepared(args, records, plain)
    config = fitting_options.apply(args, TrainConfig(network=network))
    config = picture_options.described(config, args, pictures)
    done = engine.fit(records, pictures, made, config, args.out)
    return f"{made.scheme}: {done.epochs} epochs in {done.minutes:.1f} minutes; weights in {done.checkpoint}."
