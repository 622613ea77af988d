"""Measure what each switch of a network or recipe is worth, each trained equally long; trains what it may."""

from __future__ import annotations

import argparse
from dataclasses import replace
from functools import partial
from pathlib import Path

from training.commands import arguments
from training.data.pictures import load_pictures
from training.data.presets import Recipe
from training.evaluation.paired import gain
from training.fitting.config import TrainConfig
from training.metrics import Interval
from training.networks.metadata_only import MetadataOnlyConfig
from training.reporting.report import command_line, write
from training.studies import ablation, contenders
from training.studies.switches import BASES, SWITCHES, WITHOUT_METADATA, turn

Trained = contenders.Trained


def add_arguments(parser: argparse.ArgumentParser) -> None:
    arguments.data(parser)
    add = parser.add_argument
    add("--of", default="fused", choices=list(BASES), help="the network whose switches are turned")
    add("--switch", action="append", help="only this one; repeat (all): a name that the report lists")
    add("--runs", type=Path, required=True, help="folder of the runs: NETWORK/SWITCH")
    add("--minutes-each", type=float, default=0.0, help="train what is missing there, each so long; 0: nothing")
    add("--precision", default="bf16-mixed", choices=["bf16-mixed", "32-true", "16-mixed"])
    arguments.side(parser, "validation")
    arguments.scheme(parser)
    arguments.out(parser)
    arguments.bootstrap(parser)


def run(args: argparse.Namespace) -> str:
    known = {switch.name: switch for switch in SWITCHES[args.of]}
    for name in args.switch or ():
        if name not in known:
            raise ValueError(f"{args.of} has no switch {name!r}; there are {', '.join(known)}.")
    field = _field(args)
    config = replace(BASES[args.of], precision=args.precision, source=args.source)
    base = contenders.obtain(ablation.BASE, config, field)
    turned = {name: _turned(args, turn(config, known[name]), name, field) for name in args.switch or known}
    met = {ablation.BASE: base, **turned}
    line = partial(ablation.trained_row, base=base.answers["fused"] if base else None, bootstrap=args.bootstrap)
    rows = [line(ablation.BASE, "the recipe", base)]
    rows += [line(name, f"{known[name].field} = {known[name].value}", one) for name, one in turned.items()]
    if args.of == "fused":
        alone = contenders.obtain("metadata-only", replace(config, network=MetadataOnlyConfig()), field)
        met["metadata-only"] = alone
        rows.append(line("metadata-only", "no picture", alone))
        asked = (
            {ablation.WITHHELD: base.answers["image"], ablation.SHUFFLED: ablation.shuffled(base, field)}
            if base
            else {}
        )
        rows += [
            ablation.row(name, "the base, when it is asked", found, base.answers["fused"], bootstrap=args.bootstrap)
            for name, found in asked.items()
            if base
        ]
    contenders.check_one_budget(met)
    withheld = _withheld(base, turned.get(WITHOUT_METADATA.name), args.bootstrap)
    made_on = {"scheme": field.split.scheme, "sha256": field.split.digest()}
    values = {"minutes_each": args.minutes_each, "split": made_on}
    report = ablation.build(args.of, rows, withheld, values, side=args.side, bootstrap=args.bootstrap)
    write(report, args.out, command=command_line(args.argv))
    return f"{report.lead}\nReport in {args.out}."


def _turned(args: argparse.Namespace, config: TrainConfig, name: str, field: contenders.Field) -> Trained | None:
    """The run of one switch, on records and pictures prepared as ``config`` says: of the same photographs and sides."""
    if not contenders.asked_for(name, field):
        return None  # before a filter is run over every picture
    if config.cleaning != "keep":
        field = replace(field, records=arguments.load_records(args, config.cleaning))
    recipe = Recipe(config.preset, config.filters)
    if recipe != field.pictures.recipe:
        field = replace(field, pictures=load_pictures(field.records, args.cache, recipe))
    return contenders.obtain(name, config, field)


def _field(args: argparse.Namespace) -> contenders.Field:
    records, pictures = arguments.load_data(args)
    split = arguments.checked_split(records, pictures, seed=0, fold=args.fold, scheme=args.scheme)
    return contenders.Field(records, pictures, split, args.runs / args.of, args.minutes_each, args.side)


def _withheld(base: Trained | None, blind: Trained | None, bootstrap: int) -> Interval | None:
    """The base asked without metadata, less the network that was trained without them."""
    if base is None or blind is None:
        return None
    return gain(base.answers["image"], blind.answers["image"], bootstrap=bootstrap).difference
