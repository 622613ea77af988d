"""``python -m training COMMAND``: the learning pipeline as commands."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from training import commands
from training.ham10000 import DataError
from training.splits import LeakError


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    adds = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for add in (_add_split, _add_train, _add_export, _add_evaluate):
        add(adds)
    return top


def _add(adds: argparse._SubParsersAction[argparse.ArgumentParser], name: str, text: str) -> argparse.ArgumentParser:
    sub = adds.add_parser(name, help=text, description=text, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    sub.add_argument("--data", type=Path, required=True, help="folder with HAM10000_metadata.csv")
    sub.add_argument("--cache", type=Path, default=Path("var/training-cache"), help="decoded pictures, about 2 GB")
    sub.add_argument("--partial", action="store_true", help="accept a subset: do not check HAM10000's counts")
    return sub


def _add_split(adds: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    sub = _add(adds, "split", "Split by lesion, stratified 80/10/10, and refuse a leak.")
    sub.add_argument("--seed", type=int, default=0)
    sub.add_argument("--fold", type=int, default=0, help="which tenth is the test side, 0 to 9")
    sub.add_argument("--out", type=Path, default=Path("split.json"))
    sub.set_defaults(main=commands.split)


def _add_train(adds: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    sub = _add(adds, "train", "Train the fused network; run it again with the same --out to resume.")
    sub.add_argument("--out", type=Path, required=True, help="folder of this run")
    sub.add_argument("--widths", type=commands.widths, default=(48, 96, 192, 384), help="channels of the four stages")
    sub.add_argument("--seed", type=int, default=0)
    sub.add_argument("--fold", type=int, default=0, help="which tenth is the test side, 0 to 9")
    sub.add_argument("--epochs", type=int, default=100)
    sub.add_argument("--budget-minutes", type=float, default=0.0, help="let the schedule follow the clock; 0: epochs")
    sub.add_argument("--patience", type=int, default=0, help="early stopping on validation loss; 0: off")
    sub.add_argument("--precision", default="bf16-mixed", choices=["bf16-mixed", "32-true", "16-mixed"])
    sub.set_defaults(main=commands.train)


def _add_export(adds: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    sub = _add(adds, "export", "Join runs into one bundle: calibrate on validation, measure on test, write the card.")
    sub.add_argument("--run", type=Path, action="append", required=True, help="folder of a run; repeat for an ensemble")
    sub.add_argument("--name", default="ham10000-fused")
    sub.add_argument("--version", required=True)
    sub.add_argument("--out", type=Path, required=True, help="new folder of the bundle")
    sub.add_argument("--bootstrap", type=int, default=1000, help="resamples over lesions for the intervals")
    sub.set_defaults(main=commands.export_bundle)


def _add_evaluate(adds: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    sub = _add(adds, "evaluate", "Measure a bundle through the served runtime on one side of a split.")
    sub.add_argument("--bundle", type=Path, required=True)
    sub.add_argument("--split", type=Path, required=True, help="split.json of the run")
    sub.add_argument("--side", default="test", choices=["validation", "test"])
    sub.add_argument("--out", type=Path, required=True, help="folder of the report")
    sub.add_argument("--bootstrap", type=int, default=1000, help="resamples over lesions for the intervals")
    sub.set_defaults(main=commands.evaluate)


def main(argv: list[str] | None = None) -> str:
    """Run one command and return what it printed. Wrong data end the program with one sentence."""
    args = parser().parse_args(argv)
    try:
        text: str = args.main(args)
    except (DataError, LeakError, FileExistsError, ValueError) as error:
        sys.exit(f"{args.command}: {error}")
    print(text)
    return text


if __name__ == "__main__":
    main()
