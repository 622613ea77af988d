"""``python -m training COMMAND``: the learning pipeline as commands, one file each in ``training/commands/``."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from types import ModuleType

from inference.errors import BundleError, InferenceError
from training.data.records import DataError
from training.data.splits import LeakError

# In the order in which a researcher meets them; each is the module of its name in training/commands.
NAMES = (
    "eda",
    "clean",
    "outliers",
    "overlap",
    "split",
    "rare",
    "train",
    "search",
    "smote",
    "generate",
    "evaluate",
    "compare",
    "ensemble",
    "robustness",
    "heat",
    "crossdata",
    "floor",
    "benchmark",
    "ablation",
    "sets",
    "export",
    "quantise",
    "scope",
    "limits",
    "quality",
)
COMMANDS: dict[str, ModuleType] = {name: import_module(f"training.commands.{name}") for name in NAMES}


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
    except BundleError as error:
        asked = " Give --bundle the folder that export wrote." if getattr(args, "bundle", None) else ""
        sys.exit(f"{args.command}: {error}{asked}")
    except (DataError, LeakError, ValueError, InferenceError) as error:
        sys.exit(f"{args.command}: {error}")
    except OSError as error:  # the system's names a file; our own FileExistsError is a sentence already
        said = f"{error.filename} cannot be read or written ({error.strerror}); check the path."
        sys.exit(f"{args.command}: {said if error.filename else error}")
    print(text)
    return text


if __name__ == "__main__":
    main()
