"""Search for settings on the validation side, by an exhaustive grid or by TPE; run it again to continue."""

from __future__ import annotations

import argparse
from functools import reduce
from pathlib import Path

import optuna

from training.commands import arguments, fitting_options, network_options, picture_options
from training.data.splits import LeakError, Split
from training.fitting import engine
from training.fitting.config import TrainConfig, changed
from training.fitting.pruning import FIGURES, Reported, named
from training.fitting.search import KNOBS, SAMPLERS, Values, search, space, trial_rows
from training.reporting.report import Report, Table, command_line, write


def add_arguments(parser: argparse.ArgumentParser) -> None:
    arguments.data(parser)
    arguments.out(parser, "folder of the search: search.db, trials.csv, a run for each trial, and a report")
    network_options.add_arguments(parser)
    picture_options.add_arguments(parser)
    add = parser.add_argument
    add("--split", type=Path, help="a file that split wrote; without it --scheme and --fold make one")
    arguments.scheme(parser)
    searched = ", ".join(knob.field for knob in KNOBS)
    add("--settings", default="schedule.peak,weight_decay", help=f"what is searched, with commas; of {searched}")
    add("--sampler", default="tpe", choices=SAMPLERS)
    add(
        "--trials",
        type=arguments.at_least(1),
        default=20,
        help="in all, those of earlier calls counted; a grid ends by itself",
    )
    add("--figure", default="val_loss", choices=list(FIGURES), help="of the validation side, what is searched for")
    fitting_options.add_arguments(parser)


def run(args: argparse.Namespace) -> str:
    base = fitting_options.apply(args, TrainConfig(network=network_options.chosen(args)))
    knobs = space(args.settings)
    _check_no_leak(args)
    records, plain = arguments.load_data(args)
    if args.split:
        made = arguments.loaded_split(args.split, records, plain)
    else:
        made = arguments.checked_split(records, plain, seed=0, fold=args.fold, scheme=args.scheme)
    pictures = picture_options.prepared(args, records, plain)
    base = picture_options.described(base, args, pictures)

    def objective(trial: optuna.Trial, values: Values) -> float:
        config = reduce(lambda settled, item: changed(settled, *item), values.items(), base)
        reported = Reported(trial, args.figure)
        engine.fit(records, pictures, made, config, args.out / "trials" / f"{trial.number:04d}", reported)
        return reported.last

    study = search(
        objective,
        knobs,
        args.out,
        name=args.sampler,
        trials=args.trials,
        rising=FIGURES[args.figure],
        seed=base.seed,
        learned_from=f"{base.source}, {base.cleaning}, {pictures.recipe}",
    )
    _report(study, args, made.scheme)
    best = study.best_trial
    found = ", ".join(f"{field} {value}" for field, value in best.params.items())
    return f"Trial {best.number} of {len(study.trials)}: {named(args.figure)} {best.value:.4f} with {found}."


def _check_no_leak(args: argparse.Namespace) -> None:
    """Raise ``LeakError`` for a split by image: nothing is chosen by a figure that knows the lesions."""
    if Split.load(args.split).leaks if args.split else args.scheme == "image-level":
        raise LeakError(
            "On a split by image the settings win that learn lesions by heart; search on --scheme lesion, and train on "
            "image-level only to compare."
        )


def _report(study: optuna.Study, args: argparse.Namespace, scheme: str) -> None:
    columns, rows = trial_rows(study)
    best = study.best_trial
    better = "most" if FIGURES[args.figure] else "least"
    report = Report(
        title="Search for settings",
        lead=f"Of {len(rows)} trials ({args.sampler}) trial {best.number} has the {better} {named(args.figure)}, "
        f"{best.value:.4f}, on the validation side of a {scheme} split.",
        parts=[Table("trials", "Trials", columns, rows, note="A pruned trial fell behind the median of the others.")],
        values={
            "sampler": args.sampler,
            "figure": named(args.figure),
            "learned_from": study.user_attrs["learned_from"],
            "best": best.params,
            "value": best.value,
        },
        limits=["The best of many on one validation side is better there than elsewhere; measure it on the test side."],
    )
    write(report, args.out, command=command_line(args.argv))
