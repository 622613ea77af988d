"""Make pictures of lesions that nobody has, for the training side alone: generate ACTION --help explains each step."""

from __future__ import annotations

import argparse
from importlib import import_module
from types import ModuleType

# In the order in which they are met; each is the module of its name in training/commands/generating.
NAMES = ("train", "sample", "edit", "stable", "tune", "score", "review", "join", "pack", "ship", "study")
_EXTRA = ("diffusers", "peft", "transformers", "accelerate")
ACTIONS: dict[str, ModuleType] = {name: import_module(f"training.commands.generating.{name}") for name in NAMES}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    adds = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, module in ACTIONS.items():
        text = str(module.__doc__)
        sub = adds.add_parser(name, help=text, description=text, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
        module.add_arguments(sub)


def run(args: argparse.Namespace) -> str:
    """Run one action. Raises ``ValueError`` that says what to install where a library is missing."""
    try:
        text: str = ACTIONS[args.action].run(args)
    except ModuleNotFoundError as error:
        if error.name not in _EXTRA:
            raise
        raise ValueError(f"{error.name} is not installed: pip install -r requirements/generate.txt") from error
    return text
