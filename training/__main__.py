"""``python -m training COMMAND``: the learning pipeline as commands, one file each in ``training/commands/``."""

from __future__ import annotations

import argparse
import sys
from types import ModuleType

from training.commands import (
    ablation,
    benchmark,
    clean,
    compare,
    crossdata,
    eda,
    ensemble,
    evaluate,
    export,
    floor,
    outliers,
    overlap,
    rare,
    robustness,
    search,
    smote,
    split,
    train,
)
from training.data.records import DataError
from training.data.splits import LeakError

COMMANDS: dict[str, ModuleType] = {
    "eda": eda,
    "outliers": outliers,
    "overlap": overlap,
    "rare": rare,
    "clean": clean,
    "split": split,
    "train": train,
    "search": search,
    "smote": smote,
    "evaluate": evaluate,
    "compare": compare,
    "export": export,
    "floor": floor,
    "robustness": robustness,
    "crossdata": crossdata,
    "ensemble": ensemble,
    "benchmark": benchmark,
    "ablation": ablation,
}


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    adds = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, module in COMMANDS.items():
        text = str(module.__doc__)
        sub = adds.add_parser(name, help=text, description=text, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
        module.add_arguments(sub)
    return top


def main(argv: list[str] | None = None) -> str:
    """Run one command and return what it printed. Wrong data end the program with one sentence."""
    args = parser().parse_args(argv)
    args.argv = sys.argv[1:] if argv is None else argv  # quoted in reports
    try:
        text: str = COMMANDS[args.command].run(args)
    except (DataError, LeakError, FileExistsError, ValueError) as error:
        sys.exit(f"{args.command}: {error}")
    print(text)
    return text


if __name__ == "__main__":
    main()
