"""Measure a run or bundle away from home: on another data set, or on the source that leave-source-out set apart."""

from __future__ import annotations

import argparse
from pathlib import Path

from training.commands import arguments
from training.data import sources, splits, twins
from training.data.cleaning import clean
from training.data.labels import Reading, read_label_map
from training.data.pictures import load_pictures
from training.data.presets import Recipe
from training.data.records import DataError, Record
from training.data.sides import records_of
from training.evaluation.outside import check_elsewhere, check_outside
from training.evaluation.trained import calibrate
from training.fitting.runs import load_run
from training.reporting.report import command_line, write
from training.studies import answered, asked, crossdata


def add_arguments(parser: argparse.ArgumentParser) -> None:
    arguments.data(parser)
    add = parser.add_argument
    network = parser.add_mutually_exclusive_group(required=True)
    network.add_argument("--run", type=Path, help="folder of a run; without --away-data its test side is away")
    network.add_argument("--bundle", type=Path, help="asked through the served runtime; needs --split, --away-data")
    add("--split", type=Path, help="split.json of the bundle's runs")
    add("--away-source", default="isic", choices=list(sources.SOURCES), help="the layout of --away-data")
    add("--away-data", type=Path, help="folder of another release; --data is home")
    add("--away-label-map", type=Path, help="CSV label,code for the labels there; no code: leave out")
    arguments.out(parser)
    arguments.bootstrap(parser)


def run(args: argparse.Namespace) -> str:
    if args.bundle:
        places, names, values = _of_bundle(args)
    elif args.away_data:
        places, names, values = _of_run_elsewhere(args)
    else:
        places, names, values = _of_run_sides(args)
    report = crossdata.build(places, names, values, bootstrap=args.bootstrap)
    write(report, args.out, command=command_line(args.argv))
    return f"{report.lead}\nReport in {args.out}."


Measured = tuple[crossdata.Places, dict[str, str], dict[str, object]]


def _of_run_sides(args: argparse.Namespace) -> Measured:
    """Home is the validation side, away the test side: the split itself has set another source apart.

    There is no test side at home, so home's temperatures are cross-fitted by lesion.
    """
    one = load_run(args.run)
    records, pictures = arguments.load_data_of(args, [one])
    sides = {"home": "validation", "away": "test"}
    met = {where: {record.source for record in records_of(one.split, records, side)} for where, side in sides.items()}
    if met["home"] & met["away"]:
        raise DataError(
            f"Both sides of this run's split hold {min(met['home'] & met['away'])}, so its test side is not "
            "away: train with --scheme leave-source-out, or give --away-data."
        )
    judged = answered.judge(one, records, pictures, ["test"])
    decided = calibrate(one, judged["validation"])
    away = {path: decided.answers(judged["test"], path) for path in answered.PATHS}
    places = {"home": answered.cross_fitted(one, judged["validation"]), "away": away}
    names = {where: f"{', '.join(sorted(met[where]))} ({side} side)" for where, side in sides.items()}
    return places, names, {"split": one.split.digest(), "home_temperature": crossdata.CROSS_FITTED}


def _of_run_elsewhere(args: argparse.Namespace) -> Measured:
    one = load_run(args.run)
    home = arguments.load_data_of(args, [one])
    there = clean(_away(args), one.config.get("cleaning", "keep")).records
    pictures = load_pictures(there, args.cache, Recipe.of(one.config))
    check_elsewhere(one.split, home[0], there, twins.across(home[1].stored, pictures.stored))
    places = answered.elsewhere(one, home, (there, pictures))
    return places, _names(args), {"split": one.split.digest()}


def _of_bundle(args: argparse.Namespace) -> Measured:
    if not args.split or not args.away_data:
        raise DataError("--bundle needs --split, the split.json of its runs, and --away-data.")
    split = splits.Split.load(args.split)
    predictor = asked.opened(args.bundle, split)
    home, away = arguments.load_records(args), _away(args)
    check_outside(predictor.bundle.manifest.training_data, away)
    check_elsewhere(split, home, away, pairs=[])
    records = {"home": records_of(split, home, "test"), "away": away}
    places = {
        where: {path: asked.answers(asked.ask(predictor, there, path), there) for path in asked.PATHS}
        for where, there in records.items()
    }
    return places, _names(args), {"bundle": predictor.bundle.sha256, "split": split.digest()}


def _away(args: argparse.Namespace) -> list[Record]:
    labels = read_label_map(args.away_label_map) if args.away_label_map else {}
    return sources.load(args.away_source, args.away_data, Reading(expect_full=not args.partial, labels=labels))


def _names(args: argparse.Namespace) -> dict[str, str]:
    home, away = sources.SOURCES[args.source].name, sources.SOURCES[args.away_source].name
    return {"home": f"{home} (test side)", "away": away}
