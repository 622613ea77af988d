"""What is left to do until a bundle that knows no scope may be served, as commands that can be pasted."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from training.reporting.report import command_line

NO_SCOPE = (
    "It knows no scope yet: it would answer about any picture that passes the quality gate, one of a cup included. "
    "Give it one before it is served:"
)


def next_commands(args: argparse.Namespace, split: Path) -> str:
    """The way on from ``args``, which wrote a bundle on the data that they name, with the split of its runs."""
    out: Path = args.out
    scoped, report = (out.with_name(f"{out.name}-{what}") for what in ("with-scope", "scope-report"))
    version = following(args.version)
    words = ["scope", *_data(args), "--bundle", str(out), "--split", str(split), "--version", version]
    commands = [
        command_line([*words, "--report", str(report), "--out", str(scoped)]),
        shlex.join(["python", "-m", "inference", "check", str(scoped)]),
        shlex.join(["python", "manage.py", "model", "add", str(scoped.resolve())]),
    ]
    return "\n".join([NO_SCOPE, *(f"    {command}" for command in commands)])


def following(version: str) -> str:
    """The version after this one: its last number and one more, or a word behind it where it ends in none."""
    head, dot, last = version.rpartition(".")
    return f"{head}{dot}{int(last) + 1}" if last.isdecimal() else f"{version}-with-scope"


def _data(args: argparse.Namespace) -> list[str]:
    """The switches of ``arguments.data`` that name the same photographs."""
    words = ["--data", str(args.data), "--source", args.source, "--cache", str(args.cache)]
    words += ["--label-map", str(args.label_map)] if args.label_map else []
    words += [word for label in args.exclude_label for word in ("--exclude-label", label)]
    words += ["--partial"] if args.partial else []
    return words + (["--images", str(args.images)] if args.images is not None else [])
