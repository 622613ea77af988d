"""Compare all networks in one table: size, time, honest and leaky figures, the report's beside; trains what it may."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from training.commands import arguments
from training.data.pictures import Pictures
from training.data.records import Record
from training.data.splits import Split
from training.metrics import Answers
from training.networks.registry import NETWORKS
from training.reporting.report import command_line, write
from training.studies import asked, benchmark, contenders, floor, floor_models, latency

SCHEMES = ("lesion", "image-level")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    arguments.data(parser)
    add = parser.add_argument
    add("--runs", type=Path, required=True, help="folder of the runs: lesion/NETWORK and image-level/NETWORK")
    add("--minutes-each", type=float, default=0.0, help="train what is missing there, each so long; 0: nothing")
    add("--network", action="append", choices=list(NETWORKS), help="only this one; repeat (all)")
    add("--precision", default="bf16-mixed", choices=["bf16-mixed", "32-true", "16-mixed"])
    add("--repeats", type=arguments.at_least(1), default=30, help="timed passes of each network")
    add("--bundle", type=Path, help="time this bundle by stage")
    arguments.side(parser, "test")
    arguments.out(parser)
    arguments.bootstrap(parser)


def run(args: argparse.Namespace) -> str:
    records, pictures = arguments.load_data(args)
    fields = {scheme: _field(args, scheme, records, pictures) for scheme in SCHEMES}
    rows: list[benchmark.Row] = []
    met: dict[str, contenders.Trained | None] = {}
    for network in args.network or NETWORKS:
        config = replace(contenders.recipe(network), precision=args.precision, source=args.source)
        cost = latency.cost(config.network, repeats=args.repeats)
        trained = {scheme: contenders.obtain(network, config, fields[scheme]) for scheme in SCHEMES}
        met |= {f"{scheme}/{network}": one for scheme, one in trained.items()}
        rows += benchmark.rows_of(network, cost, trained["lesion"], trained["image-level"], bootstrap=args.bootstrap)
    contenders.check_one_budget(met)
    rows += _floor(fields, args.bootstrap)
    splits = {scheme: field.split for scheme, field in fields.items()}
    report = benchmark.build(rows, _stages(args, splits["lesion"], records), _made_on(args, splits), side=args.side)
    write(report, args.out, command=command_line(args.argv))
    return f"{report.lead}\nReport in {args.out}."


def _field(args: argparse.Namespace, scheme: str, records: list[Record], pictures: Pictures) -> contenders.Field:
    made = arguments.checked_split(records, pictures, seed=0, fold=0, scheme=scheme)
    return contenders.Field(records, pictures, made, args.runs / scheme, args.minutes_each, args.side)


def _floor(fields: dict[str, contenders.Field], bootstrap: int) -> list[benchmark.Row]:
    answers: dict[str, dict[str, Answers]] = {}
    for scheme, field in fields.items():
        only = (floor_models.FOREST,)
        measured = floor.measure(field.records, field.pictures, field.split, models=only, side=field.side)
        answers[scheme] = measured.answers[only[0]]
    names = {"image": floor_models.FOREST, "fused": f"{floor_models.FOREST}, age, sex, site"}
    honest, leaky = answers["lesion"], answers["image-level"]
    return [benchmark.floor_row(names[path], honest[path], leaky[path], bootstrap=bootstrap) for path in names]


def _stages(args: argparse.Namespace, split: Split, records: list[Record]) -> dict[str, tuple[float, float]]:
    if not args.bundle:
        return {}
    predictor = asked.opened(args.bundle, split)
    tested = set(split.test)
    return latency.stages(predictor, [record for record in records if record.image_id in tested][:100])


def _made_on(args: argparse.Namespace, splits: dict[str, Split]) -> dict[str, object]:
    made_on = {scheme: {"scheme": split.scheme, "sha256": split.digest()} for scheme, split in splits.items()}
    return {"minutes_each": args.minutes_each, "splits": made_on}
