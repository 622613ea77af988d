"""Hold back a fixed subset of df, vasc and akiec, or score a run or bundle on it; readings are counted beside it."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from inference.bundle import Bundle
from training.commands import arguments
from training.data import rare
from training.data.labels import RARE
from training.data.records import Record
from training.evaluation.judged import Judged
from training.evaluation.served import predict_served
from training.evaluation.trained import score_run
from training.fitting.runs import Run, load_run
from training.reporting.report import command_line, write
from training.studies import rare_report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    arguments.data(parser)
    add = parser.add_argument
    add("--subset", type=Path, required=True, help="file of the subset")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--split", type=Path, help="take the subset of this split's test side and write it")
    what.add_argument("--run", type=Path, help="score this run on the subset")
    what.add_argument("--bundle", type=Path, help="score this served bundle on the subset")
    add("--purpose", default="report", choices=rare.PURPOSES, help="why it is read; tuning is no purpose")
    add("--out", type=Path, help="folder of the report, with --run or --bundle")
    arguments.bootstrap(parser)


def run(args: argparse.Namespace) -> str:
    return _take(args) if args.split else _score(args)


def _take(args: argparse.Namespace) -> str:
    args.subset.parent.mkdir(parents=True, exist_ok=True)  # where that fails, before the work
    records, pictures = arguments.load_data(args)
    subset = rare.take(records, arguments.loaded_split(args.split, records, pictures))
    subset.save(args.subset)
    counts = Counter(record.diagnosis for record in _chosen(records, subset))
    named = ", ".join(f"{code} {counts[code]}" for code in RARE)
    return f"{named} photographs held back in {args.subset}; its readings are counted from now on."


def _score(args: argparse.Namespace) -> str:
    if not args.out:
        raise ValueError("--run and --bundle need --out, the folder of the report.")
    subject = Bundle.load(args.bundle) if args.bundle else load_run(args.run)
    command = command_line(args.argv)
    subset, reading = rare.read(args.subset, purpose=args.purpose, command=command)
    judged = _by_bundle(args, subject, subset) if isinstance(subject, Bundle) else _by_run(args, subject, subset)
    report = rare_report.build(judged, subset, reading=reading, bootstrap=args.bootstrap)
    write(report, args.out, command=command)
    return f"{report.lead}\nReport in {args.out}."


def _by_run(args: argparse.Namespace, trained: Run, subset: rare.RareSubset) -> Judged:
    records, pictures = arguments.load_data(args)
    rare.check_unseen(subset, records, trained.split)
    held = set(subset.images)
    return score_run(trained, records, pictures, [i for i, record in enumerate(records) if record.image_id in held])


def _by_bundle(args: argparse.Namespace, bundle: Bundle, subset: rare.RareSubset) -> Judged:
    rare.check_unseen_by(subset, bundle.manifest.training_data.get("test_images", ()))
    paths, _ = predict_served(bundle, arguments.load_records(args), subset.images)
    fused = paths["fused"].answers
    return Judged(fused=fused.scores, image=paths["image"].answers.scores, target=fused.target, lesion=fused.lesion)


def _chosen(records: list[Record], subset: rare.RareSubset) -> list[Record]:
    held = set(subset.images)
    return [record for record in records if record.image_id in held]
