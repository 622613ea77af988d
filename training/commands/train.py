"""Train one network; run it again with the same --out to resume."""

from __future__ import annotations

import argparse
from pathlib import Path

from training.commands import arguments, network_options
from training.fitting import engine
from training.fitting.config import TrainConfig


def add_arguments(parser: argparse.ArgumentParser) -> None:
    arguments.data(parser)
    arguments.out(parser, "folder of this run")
    network_options.add_arguments(parser)
    add = parser.add_argument
    add("--seed", type=int, default=0)
    add("--split", type=Path, help="a file that split wrote; without it --scheme and --fold make one")
    arguments.scheme(parser)
    add("--epochs", type=int, default=100)
    add("--budget-minutes", type=float, default=0.0, help="let the schedule follow the clock; 0: epochs")
    add("--patience", type=int, default=0, help="early stopping on validation loss; 0: off")
    add("--precision", default="bf16-mixed", choices=["bf16-mixed", "32-true", "16-mixed"])


def run(args: argparse.Namespace) -> str:
    network = network_options.chosen(args)  # refuses a wrong switch before anything is decoded
    records, pictures = arguments.load_data(args)
    if args.split:
        made = arguments.loaded_split(args.split, records, pictures)
    else:
        made = arguments.checked_split(records, pictures, seed=0, fold=args.fold, scheme=args.scheme)
    config = TrainConfig(
        network=network,
        seed=args.seed,
        epochs=args.epochs,
        budget_minutes=args.budget_minutes,
        patience=args.patience,
        precision=args.precision,
    )
    done = engine.fit(records, pictures, made, config, args.out)
    return f"{made.scheme}: {done.epochs} epochs in {done.minutes:.1f} minutes; weights in {done.checkpoint}."
