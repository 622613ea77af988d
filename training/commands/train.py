"""Train one network; run it again with the same --out to resume, or with --from-record to repeat a run elsewhere."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from training.commands import arguments, fitting_options, network_options, picture_options
from training.data.pictures import Pictures
from training.data.records import Record
from training.data.splits import Split
from training.data.synthetic import load_manifest
from training.fitting import engine, plan
from training.fitting.bundled import Member, is_bundle, load_member
from training.fitting.config import TrainConfig, read_config, read_priors
from training.fitting.generated import Generated, Joining, joining
from training.fitting.recipes import RECIPES
from training.fitting.runs import Run, load_run
from training.fitting.teachers import load_teacher
from training.networks.registry import name_of

_PREPARED = ("--network", "--preset", "--filter", "--cleaning")
_GENERATED = ("--synthetic-weight", "--synthetic-smoothing")
_SPLIT = ("--split", "--scheme", "--fold")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    arguments.data(parser)
    arguments.out(parser, "folder of this run")
    network_options.add_arguments(parser)
    picture_options.add_arguments(parser)
    add = parser.add_argument
    add("--split", type=Path, help="a file that split wrote; without it --scheme and --fold make one")
    arguments.scheme(parser)
    add("--recipe", default="own", choices=list(RECIPES), help="the report's choose network and pictures too")
    add("--from-record", type=Path, metavar="RUN/config.json", help="repeat that run, its settings and its split")
    add("--fit-batch", action="store_true", help="halve the batch until it fits the memory; accumulation makes it up")
    add("--start", type=Path, help="go on from the weights of this finished run or bundle on the same split")
    add("--member", type=int, help="which network of the bundle that --start names; the first is 0")
    add("--teacher", type=Path, nargs="+", default=[], help="learn from the answers of these runs or bundles too")
    group = parser.add_argument_group("generated pictures", "they join the training side alone")
    group.add_argument("--synthetic", type=Path, metavar="MANIFEST", help="what generate wrote; its accepted pictures")
    group.add_argument("--synthetic-weight", type=float, default=1.0, help="how much of a photograph each counts")
    group.add_argument(
        "--synthetic-smoothing", type=float, default=0.0, help="share of each label that all classes get"
    )
    fitting_options.add_arguments(parser)


def run(args: argparse.Namespace) -> str:
    config = _config(args)  # refuses a wrong switch before anything is decoded
    config.network.fetch()
    records, plain = arguments.load_data(args)
    made = _split(args, records, plain)
    teachers = [load_teacher(path) for path in args.teacher]
    pictures = picture_options.prepared(args, records, plain)
    config = picture_options.described(config, args, pictures)
    generated = _generated(args, config.generated, made, pictures)
    expected = read_priors(args.from_record.parent / "priors.json") if args.from_record else None
    if args.fit_batch:
        config = plan.batch_that_fits(
            config,
            lambda tried: plan.try_largest(
                engine.prepare(records, pictures, made, tried, teachers, generated=generated)
            ),
        )
    done = engine.fit(
        records,
        pictures,
        made,
        config,
        args.out,
        start=_start(args),
        teachers=teachers,
        generated=generated,
        expected=expected,
        before=_announce,
    )
    return f"{made.scheme}: {done.epochs} epochs in {done.minutes:.1f} minutes; weights in {done.checkpoint}."


def _start(args: argparse.Namespace) -> Run | Member | None:
    bundle = args.start is not None and is_bundle(args.start)
    if bundle != (args.member is not None):
        raise ValueError("--start BUNDLE and --member NUMBER go together; a run's folder needs no --member.")
    if bundle:
        return load_member(args.start, args.member)
    return load_run(args.start) if args.start else None


def _generated(
    args: argparse.Namespace, recorded: Generated | None, split: Split, pictures: Pictures
) -> Joining | None:
    """The pictures of --synthetic, weighed and softened as was asked, or as ``recorded`` by a run to be repeated."""
    weight, smoothing = args.synthetic_weight, args.synthetic_smoothing
    if recorded:
        weight, smoothing = recorded.weight, recorded.smoothing
    if args.synthetic is None:
        if said := _given(args, _GENERATED):
            raise ValueError(f"There are no generated pictures for {', '.join(said)}; give --synthetic too.")
        return None
    manifest = load_manifest(args.synthetic).accepted()
    return joining(manifest, split, pictures, weight=weight, smoothing=smoothing)


def _announce(run: engine.Prepared) -> None:
    print(plan.measure(run), flush=True)


def _config(args: argparse.Namespace) -> TrainConfig:
    """What is to be run; pictures and source in ``args`` follow a record or a recipe."""
    if args.from_record:
        settled = ("--recipe", "--fit-batch", *_PREPARED, *_SPLIT, *_GENERATED, *network_options.FLAGS)
        if said := [*fitting_options.said(args), *_given(args, settled)]:
            raise ValueError(f"--from-record repeats a run as it was; leave out {', '.join(said)}.")
        record = read_config(args.from_record)
        args.source, args.cleaning = record.source, record.cleaning
        args.preset, args.filter = record.preset, list(record.filters)
        return record
    if args.split and (said := _given(args, ("--scheme", "--fold"))):
        raise ValueError(f"--split names the sides; leave out {', '.join(said)}.")
    recipe = RECIPES[args.recipe]
    if args.recipe != "own":
        if said := _given(args, ("--network", "--preset")):
            raise ValueError(f"--recipe {args.recipe} chooses network and pictures; leave out {', '.join(said)}.")
        args.network, args.preset = name_of(recipe.network), recipe.preset
    return fitting_options.apply(args, replace(recipe, network=network_options.chosen(args)))


def _given(args: argparse.Namespace, flags: Sequence[str]) -> list[str]:
    """Those of ``flags`` that are on the command line, with their defaults too."""
    written = {word.partition("=")[0] for word in args.argv}
    return [flag for flag in flags if flag in written]


def _split(args: argparse.Namespace, records: list[Record], pictures: Pictures) -> Split:
    file = args.from_record.parent / "split.json" if args.from_record else args.split
    if file:
        return arguments.loaded_split(file, records, pictures)
    return arguments.checked_split(records, pictures, seed=0, fold=args.fold, scheme=args.scheme)
