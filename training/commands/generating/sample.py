"""Draw pictures from a trained generator, with a manifest row for each; run it again to go on."""

from __future__ import annotations

import argparse
from pathlib import Path

from tqdm import tqdm

from inference.vocabulary import DIAGNOSES
from training.commands import arguments
from training.data.labels import RARE
from training.synthesis.drawing import BATCH, check_pair, draw, orders
from training.synthesis.gallery import Gallery
from training.synthesis.generator import SOLVERS, Asking, load_generator


def add_arguments(parser: argparse.ArgumentParser) -> None:
    arguments.data(parser)
    arguments.out(parser, "folder of the pictures and their manifest.json")
    add = parser.add_argument
    add("--generator", type=Path, required=True, help="folder that generate train wrote")
    add("--upscaler", type=Path, help="folder of an upscaler that begins with the generator's size")
    add("--classes", nargs="+", default=list(RARE), choices=list(DIAGNOSES), help="which lesions")
    add("--each", type=arguments.at_least(1), default=50, help="pictures of each class, those that are there counted")
    add("--seed", type=int, default=0, help="the first seed; each picture has its own")
    asking = Asking()
    add("--steps", type=arguments.at_least(2), default=asking.steps, help="calls of the network a picture")
    add("--guidance", type=float, default=asking.guidance, help="1: none; more: closer to the class, less varied")
    add("--solver", default=asking.solver, choices=SOLVERS)
    add("--batch", type=arguments.at_least(1), default=BATCH, help="pictures drawn at once")


def run(args: argparse.Namespace) -> str:
    how = Asking(args.steps, args.guidance, args.solver)
    generator = load_generator(args.generator)
    upscaler = load_generator(args.upscaler) if args.upscaler else None
    check_pair(generator, upscaler)
    args.source = generator.config.source
    records, pictures = arguments.load_data(args)
    asked = orders(records, pictures, generator, codes=args.classes, each=args.each, seed=args.seed)
    gallery = Gallery(args.out)
    with tqdm(total=len(asked), desc="drawing", unit="image") as bar:
        draw(
            gallery,
            asked,
            pictures,
            generator,
            how,
            upscaler=upscaler,
            batch=args.batch,
            tell=lambda done: bar.update(done - bar.n),
        )
    path = gallery.save()
    counted = ", ".join(f"{count} {code}" for code, count in gallery.manifest.counts().items())
    return f"{counted} in {path}. Next: generate score, then generate review."
