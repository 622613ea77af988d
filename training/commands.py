"""The commands of ``python -m training``: each takes parsed arguments and returns the text that it prints."""

from __future__ import annotations

import argparse
from typing import Any

from training import engine, export, ham10000, splits
from training.config import TrainConfig
from training.ham10000 import Record
from training.members import load_run
from training.network import NetworkConfig
from training.pictures import Pictures, load_pictures
from training.served import evaluate_served


def split(args: argparse.Namespace) -> str:
    """Make the lesion-grouped split, check it for leaks and write it."""
    records, pictures = _data(args)
    made = _checked_split(records, pictures, seed=args.seed, fold=args.fold)
    made.save(args.out)
    counts = ", ".join(f"{side} {len(ids)}" for side, ids in made.sides.items())
    return f"{made.scheme}: {counts} images; no lesion and no near-duplicate on two sides.\nWritten to {args.out}."


def train(args: argparse.Namespace) -> str:
    """Train one network, or continue one that was stopped."""
    records, pictures = _data(args)
    made = _checked_split(records, pictures, seed=0, fold=args.fold)
    config = TrainConfig(
        network=NetworkConfig(widths=args.widths),
        seed=args.seed,
        epochs=args.epochs,
        budget_minutes=args.budget_minutes,
        patience=args.patience,
        precision=args.precision,
    )
    done = engine.fit(records, pictures, made, config, args.out)
    return f"{done.epochs} epochs in {done.minutes:.1f} minutes; weights in {done.checkpoint}."


def export_bundle(args: argparse.Namespace) -> str:
    """Join finished runs into a bundle, calibrated on validation and measured on test."""
    records, pictures = _data(args)
    runs = [load_run(path) for path in args.run]
    splits.check_no_leak(runs[0].split, records, splits.near_duplicates(pictures.stored))
    bundle, measured = export.export(
        runs, records, pictures, args.out, name=args.name, version=args.version, bootstrap=args.bootstrap
    )
    return f"{summary(measured)}\nBundle {bundle.sha256} in {args.out}."


def evaluate(args: argparse.Namespace) -> str:
    """Measure a bundle through the served runtime, file by file, on one side of its split."""
    records = ham10000.load(args.data, expect_full=not args.partial)
    made = splits.Split.load(args.split)
    measured = evaluate_served(args.bundle, records, made.sides[args.side], args.out, bootstrap=args.bootstrap)
    return f"{summary(measured)}\nReport in {args.out}."


def summary(measured: dict[str, dict[str, Any]]) -> str:
    """The figures of both paths side by side, as lines."""
    lines = [f"{'':44}{'fused':>24}{'image only':>24}"]
    for name in measured["fused"]["figures"]:
        cells = (measured[path]["figures"][name] for path in ("fused", "image"))
        lines.append(f"{name:44}" + "".join(f"{c['value']:9.3f} [{c['low']:.3f}, {c['high']:.3f}]" for c in cells))
    return "\n".join(lines)


def _data(args: argparse.Namespace) -> tuple[list[Record], Pictures]:
    records = ham10000.load(args.data, expect_full=not args.partial)
    return records, load_pictures(records, args.cache)


def _checked_split(records: list[Record], pictures: Pictures, *, seed: int, fold: int) -> splits.Split:
    twins = splits.near_duplicates(pictures.stored)
    made = splits.split_by_lesion(records, twins, seed=seed, fold=fold)
    splits.check_no_leak(made, records, twins)
    return made


def widths(text: str) -> tuple[int, ...]:
    """Parse ``32-64-128-256``."""
    values = tuple(int(part) for part in text.split("-"))
    if len(values) != 4 or min(values) < 8:
        raise argparse.ArgumentTypeError("four stage widths of 8 or more, such as 32-64-128-256")
    return values
