"""Retrain the recipe with none and with more and more generated pictures, and say what they are worth."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from training.commands import arguments, fitting_options, network_options
from training.data.synthetic import load_manifest
from training.evaluation.fitted import PATHS
from training.fitting.config import TrainConfig
from training.reporting.report import command_line, write
from training.studies.synthetic import Study, answers, effects
from training.studies.synthetic import run as run_study
from training.studies.synthetic_report import build


def add_arguments(parser: argparse.ArgumentParser) -> None:
    arguments.data(parser)
    arguments.out(parser)
    add = parser.add_argument
    add("--manifest", type=Path, required=True, help="folder of generated pictures that two people reviewed")
    add("--split", type=Path, required=True, help="split.json")
    add("--runs", type=Path, required=True, help="folder of the runs; those that ended are read back")
    add("--counts", type=int, nargs="+", default=[0, 100, 200, 400], help="generated pictures of each rare class")
    add("--seeds", type=int, nargs="+", default=[0, 1, 2])
    add("--minutes-each", type=float, default=0.0, help="train each so long; 0: by --epochs, equal steps")
    add("--plan-only", action="store_true", help="say what would be trained, and train nothing")
    add("--synthetic-weight", type=float, default=1.0, help="how much of a photograph each counts")
    add("--synthetic-smoothing", type=float, default=0.0, help="share of their labels that all classes get")
    add("--path", default="fused", choices=list(PATHS), help="with metadata, or from the picture alone")
    arguments.side(parser, "validation")
    arguments.bootstrap(parser)
    network_options.add_arguments(parser)
    fitting_options.add_arguments(parser)


def run(args: argparse.Namespace) -> str:
    if "--seed" in fitting_options.said(args):
        raise ValueError("A study has --seeds; leave out --seed.")
    config = fitting_options.apply(args, TrainConfig(network=network_options.chosen(args), source=args.source))
    records, pictures = arguments.load_data(args)
    study = Study(
        records,
        pictures,
        arguments.loaded_split(args.split, records, pictures),
        load_manifest(args.manifest),
        config,
        args.runs,
        tuple(args.counts),
        tuple(args.seeds),
        args.minutes_each,
        args.synthetic_weight,
        args.synthetic_smoothing,
    )
    plan = study.plan()
    if args.plan_only:
        return plan
    print(plan, flush=True)
    runs = run_study(study, tell=lambda words: print(words, flush=True))
    found = effects(answers(study, runs, side=args.side, path=args.path), bootstrap=args.bootstrap)
    about = {
        "manifest_sha256": study.manifest.digest(),
        "split": {"scheme": study.split.scheme, "sha256": study.split.digest()},
        "runs": {
            arm.name: {"epochs": one.epochs, "steps": one.steps, "minutes": one.minutes} for arm, one in runs.items()
        },
        "generated": {"weight": study.weight, "smoothing": study.smoothing},
        "minutes_each": study.minutes,
        "schedule": asdict(config.schedule),
    }
    report = build(
        found,
        side=args.side,
        path=args.path,
        seeds=len(study.seeds),
        bootstrap=args.bootstrap,
        steps={arm.name: one.steps for arm, one in runs.items()},
        about=about,
    )
    write(report, args.out, command=command_line(args.argv))
    return f"{report.lead}\nReport in {args.out}."
