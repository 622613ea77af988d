"""Tune Stable Diffusion on the training side by LoRA, or by DreamBooth with --token; run again to resume."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from tqdm import tqdm

from inference.vocabulary import DIAGNOSES
from training.commands import arguments
from training.data.labels import RARE
from training.data.pictures import read_picture
from training.data.sides import records_of
from training.data.splits import LeakError
from training.data.synthetic import check_may_join, load_manifest
from training.synthesis.canvases import Bytes
from training.synthesis.stable_diffusion import MODEL, Budget, find_model, load_pipeline, weights_hash
from training.synthesis.tuning import TuneConfig, classes_of, tune


def add_arguments(parser: argparse.ArgumentParser) -> None:
    arguments.data(parser)
    arguments.out(parser, "folder of the adapter")
    usual = TuneConfig()
    add = parser.add_argument
    add("--split", type=Path, required=True, help="split.json; only its training side is seen")
    add("--model", default=MODEL, help="folder with the weights, or a name that an earlier download left here")
    add("--classes", nargs="+", default=list(RARE), choices=list(DIAGNOSES))
    add("--rank", type=arguments.at_least(1), default=usual.rank, help="of the adapter")
    add("--size", type=int, default=usual.size, help="pixels, square: the middle of each photograph")
    add("--tuning-steps", type=arguments.at_least(1), default=usual.steps)
    add("--batch", type=arguments.at_least(1), default=usual.batch)
    add("--rate", type=float, default=usual.rate)
    add("--seed", type=int, default=usual.seed)
    add("--checkpoint-every", type=arguments.at_least(1), default=usual.checkpoint_every)
    add("--token", default="", help="DreamBooth: a word of its own for what is learned, such as sks")
    add(
        "--prior",
        type=Path,
        help="DreamBooth: what generate stable drew before, so that names keep their sense",
    )
    add("--prior-weight", type=float, default=1.0)


def run(args: argparse.Namespace) -> str:
    folder = find_model(args.model)
    records, pictures = arguments.load_data(args)
    split = arguments.loaded_split(args.split, records, pictures)
    if split.leaks:
        raise LeakError(f"{split.scheme}: a generator learns from a split by lesion.")
    prior = load_manifest(args.prior) if args.prior else None
    if prior:
        check_may_join(prior, split)  # what the prior's generator has seen, this one learns
    config = TuneConfig(
        rank=args.rank,
        steps=args.tuning_steps,
        batch=args.batch,
        rate=args.rate,
        seed=args.seed,
        size=args.size,
        checkpoint_every=args.checkpoint_every,
        token=args.token,
        prior_weight=args.prior_weight if args.prior else 0.0,
        classes=tuple(sorted(set(args.classes))),
        prior_sha256=prior.digest() if prior else "",
        source=args.source,
        split_sha256=split.digest(),
        model_sha256=weights_hash(folder),
    )
    chosen = [record for record in records_of(split, records, "train") if record.diagnosis in args.classes]
    codes = [record.diagnosis for record in chosen]
    device = "cuda" if torch.cuda.is_available() else "cpu"
    with tqdm(total=config.steps, desc="tuning", unit="step") as bar:
        tune(
            load_pipeline(folder, Budget(1, half=False, slicing=False, offload=False)).to(device),
            [_square(record.image, args.size) for record in chosen],
            codes,
            config,
            args.out,
            prior=[_square(prior.folder / image.image, args.size) for image in prior.images] if prior else (),
            prior_codes=[image.diagnosis for image in prior.images] if prior else (),
            tell=lambda done: bar.update(done - bar.n),
        )
    counted = ", ".join(f"{count} {code}" for code, count in classes_of(codes).items())
    return f"Tuned on {counted}; the adapter is in {args.out}. Next: generate stable --adapter {args.out}."


def _square(path: Path, size: int) -> Bytes:
    """The middle of a photograph, RGB uint8 (size,size,3)."""
    image = read_picture(path)
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    cut = image.crop((left, top, left + side, top + side))
    return np.array(cut.resize((size, size), Image.Resampling.BICUBIC))
