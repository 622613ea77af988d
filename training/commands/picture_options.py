"""``train --preset … --filter …``: what is done to the pictures, each a switch that an ablation can turn."""

from __future__ import annotations

import argparse
from dataclasses import replace

from training.commands import arguments
from training.data.filters import FILTERS
from training.data.pictures import Pictures, load_pictures
from training.data.presets import PRESETS, Recipe
from training.data.records import Record
from training.fitting.config import TrainConfig


def add_arguments(parser: argparse.ArgumentParser) -> None:
    arguments.cleaning(parser)
    group = parser.add_argument_group("pictures", "only 'own' without filters can be served; the others are measured")
    group.add_argument("--preset", default="own", choices=list(PRESETS), help="size, interpolation and aspect")
    group.add_argument("--filter", action="append", default=[], choices=list(FILTERS), help="repeat: in this order")


def prepared(args: argparse.Namespace, records: list[Record], plain: Pictures) -> Pictures:
    """The pictures by the options; ``plain`` themselves where nothing was chosen.

    Splits are made from ``plain``, so that the rows of an ablation share one.
    """
    recipe = Recipe(args.preset, tuple(args.filter))
    return plain if recipe == plain.recipe else load_pictures(records, args.cache, recipe)


def described(config: TrainConfig, args: argparse.Namespace, pictures: Pictures) -> TrainConfig:
    """``config`` with what its pictures are; another preset than 'own' trains at its one size throughout."""
    recipe = pictures.recipe
    if recipe.preset != "own":
        config = replace(config, schedule=replace(config.schedule, sizes=((1.0, PRESETS[recipe.preset].viewed),)))
    return replace(config, source=args.source, cleaning=args.cleaning, preset=recipe.preset, filters=recipe.filters)
