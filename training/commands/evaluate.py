"""Measure a served bundle, or runs of one or several folds, and write the full report."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from inference.bundle import Bundle
from inference.engines import CHOICES
from training.commands import arguments
from training.data import splits
from training.data.records import DataError, Record
from training.data.sides import records_of
from training.data.sources import SOURCES, limits_of, named
from training.evaluation import recorded
from training.evaluation.folds import check_one_experiment, folds_there
from training.evaluation.full import Subject, full_report
from training.evaluation.metadata import METADATA
from training.evaluation.outside import check_outside, check_own_split, unlike
from training.evaluation.predicted import Predicted, pool, write_predictions
from training.evaluation.remade import predict_from
from training.evaluation.served import predict_served
from training.evaluation.side import summary
from training.evaluation.trained import predict_run
from training.fitting.runs import Run, load_run
from training.reporting.report import command_line, without_photographs, write


def add_arguments(parser: argparse.ArgumentParser) -> None:
    arguments.data(parser)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--bundle", type=Path, help="a served bundle; needs --split")
    what.add_argument("--run", type=Path, action="append", help="folder of a run; repeat for runs of other folds")
    add = parser.add_argument
    add("--split", type=Path, help="split.json of the bundle's runs; a run has its own")
    add("--side", default="test", choices=["validation", "test", "all"], help="all: data that no run has seen")
    add("--metadata", default="kept", choices=METADATA, help="what the fused path is told of age, sex and site")
    add(
        "--answers",
        type=Path,
        help="predictions.csv of an evaluation of a bundle with the same weights: only sets are made anew",
    )
    add("--runtime", default="auto", choices=CHOICES, help="the engine that a bundle answers on; see docs/adr/0007")
    add("--no-photographs", action="store_true", help="a page that may be passed on where the photographs may not")
    arguments.out(parser)
    arguments.bootstrap(parser)


def run(args: argparse.Namespace) -> str:
    if args.answers and (not args.bundle or args.side == "all" or args.metadata != "kept"):
        raise DataError("--answers holds those of a bundle to one side of its split, with metadata kept.")
    if args.runtime != "auto" and (args.answers or not args.bundle):
        raise DataError("--runtime is the engine that a bundle answers on: leave it out for runs and stored answers.")
    evaluated = _bundle if args.bundle else _runs
    subject, paths, records, extras = evaluated(args)
    report = full_report(subject, paths, records, extras=extras, bootstrap=args.bootstrap)
    if args.no_photographs:
        report = without_photographs(report)
    table = args.out / "predictions.csv"
    write_predictions(table, paths)
    report = replace(report, values={**report.values, "predictions_sha256": recorded.digest(table)})
    write(report, args.out, command=command_line(args.argv))
    measured = {path: report.values[path] for path in paths}
    return f"{report.lead}\n{summary(measured)}\nReport in {args.out}."


Evaluated = tuple[Subject, dict[str, Predicted], list[Record], dict[str, dict[str, object]]]


def _bundle(args: argparse.Namespace) -> Evaluated:
    if args.side == "all":
        return _outside(args)
    if not args.split:
        raise DataError("A bundle does not hold its split: name the split.json of its runs with --split.")
    records, split, bundle = arguments.load_records(args), splits.Split.load(args.split), Bundle.load(args.bundle)
    check_own_split(bundle.manifest.name, bundle.manifest.training_data, split)
    if args.answers:
        answered_by = recorded.check_answered_by(bundle, args.answers)
        paths, extras = predict_from(bundle, args.answers, records_of(split, records, args.side))
        for path, engine in recorded.engines(args.answers).items():
            extras.get(path, {})["runtime"] = engine
    else:
        answered_by = recorded.named(bundle)
        paths, extras = predict_served(
            bundle, records, split.sides[args.side], metadata=args.metadata, runtime=args.runtime
        )
    name, version = bundle.manifest.name, bundle.manifest.version
    subject = Subject(
        name=f"{name} {version}",
        rows=f"{args.side} side, {split.scheme}",
        values={
            "bundle": recorded.told_of(bundle),
            "answered_by": answered_by,
            "split_sha256": split.digest(),
            "side": args.side,
            "metadata": args.metadata,
        },
        limits=(*_side_limit(args.side), *_leak_limit([split], records, args.side)),
        data_limits=limits_of(SOURCES[args.source], records),
    )
    return subject, paths, records, extras


def _outside(args: argparse.Namespace) -> Evaluated:
    records, bundle = arguments.load_records(args), Bundle.load(args.bundle)
    check_outside(bundle.manifest.training_data, records)
    images = [record.image_id for record in records]
    paths, extras = predict_served(bundle, records, images, metadata=args.metadata, runtime=args.runtime)
    name, version, source = bundle.manifest.name, bundle.manifest.version, SOURCES[args.source]
    learned = named(bundle.manifest.training_data["name"])
    subject = Subject(
        name=f"{name} {version}",
        rows=f"all of {source.name}, which it has not seen",
        values={
            "bundle": recorded.told_of(bundle),
            "answered_by": recorded.named(bundle),
            "data": {"source": args.source, "licence": source.licence, "citation": source.citation},
            "side": args.side,
            "metadata": args.metadata,
        },
        limits=unlike(bundle.manifest.input.image_types, source, records),
        data_limits=(*limits_of(source, records), *(learned.limits if learned else ())),
    )
    return subject, paths, records, extras


def _runs(args: argparse.Namespace) -> Evaluated:
    if args.split:
        raise DataError("A run is judged on its own split: leave --split out.")
    if args.side == "all":
        raise DataError("Outside data are answered by a bundle: name one with --bundle.")
    runs = [load_run(path) for path in args.run]
    check_one_experiment(runs)
    records, pictures = arguments.load_data_of(args, runs)
    each = [predict_run(one, records, pictures, side=args.side, metadata=args.metadata) for one in runs]
    if any(list(paths) != list(each[0]) for paths in each):
        raise DataError("These runs do not answer by the same paths: some take metadata, some do not.")
    paths = {name: pool([answers[name] for answers in each]) for name in each[0]}
    rows = f"{args.side} side" if len(runs) == 1 else f"out-of-fold, {args.side} sides of {folds_there(runs)} pooled"
    subject = Subject(
        name=_name(runs),
        rows=f"{rows}, {runs[0].split.scheme}",
        values={
            "runs": [{"network": one.config["network"], "split_sha256": one.split.digest()} for one in runs],
            "side": args.side,
            "metadata": args.metadata,
        },
        limits=(*_side_limit(args.side), *_leak_limit([one.split for one in runs], records, args.side)),
        data_limits=limits_of(SOURCES[args.source], records),
    )
    return subject, paths, records, {}


def _name(runs: list[Run]) -> str:
    names = sorted({str(one.config["network"]["name"]) for one in runs})
    return f"Network {' and '.join(names)}"


def _side_limit(side: str) -> list[str]:
    if side == "test":
        return []
    return ["Temperature, sets and flag threshold were fitted on these very rows: calibration looks better than it is."]


def _leak_limit(made: list[splits.Split], records: list[Record], side: str) -> list[str]:
    lesion = {record.image_id: record.lesion_id for record in records}
    shared = total = 0
    for split in made:
        learned = {lesion.get(image) for image in split.train}
        total += len(split.sides[side])
        shared += sum(lesion.get(image) in learned for image in split.sides[side])
    if not shared:
        return []
    return [
        f"{shared} of {total} photographs show a lesion that was also in training: these figures flatter the network."
    ]
