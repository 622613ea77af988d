"""The way on from a bundle without a scope, as it is printed."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

import pytest

from training.__main__ import COMMANDS
from training.commands import scope
from training.commands.servable import following, next_commands


@pytest.mark.parametrize(
    ("version", "next_one"), [("0.4.0", "0.4.1"), ("1.9", "1.10"), ("7", "8"), ("0.5.0-rc", "0.5.0-rc-with-scope")]
)
def test_a_version_is_followed_by_another(version: str, next_one: str) -> None:
    assert following(version) == next_one


@pytest.mark.parametrize("command", ["export", "quantise"])
def test_the_printed_scope_reads_the_same_photographs_from_any_shell(command: str) -> None:
    data = ["--data", "my skin", "--source", "folders", "--label-map", "l.csv", "--exclude-label", "scc", "--partial"]
    data += ["--images", "40", "--cache", "c", "--version", "1.0", "--out", "my bundle"]
    own = ["--run", "r"] if command == "export" else ["--bundle", "old", "--split", "s", "--report", "q"]
    first, then = argparse.ArgumentParser(), argparse.ArgumentParser()
    COMMANDS[command].add_arguments(first)
    scope.add_arguments(then)
    given = first.parse_args([*data, *own])
    line = next_commands(given, Path("a split.json")).splitlines()[1]
    asked = then.parse_args(shlex.split(line)[4:])
    for name in ("data", "source", "label_map", "exclude_label", "partial", "images", "cache"):
        assert getattr(asked, name) == getattr(given, name), name
    assert (asked.bundle, asked.split, asked.version) == (Path("my bundle"), Path("a split.json"), "1.1")
    assert asked.out != asked.bundle
