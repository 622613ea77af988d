"""Draw with Stable Diffusion, as the report does: a pilot of 50 a class first, 200 once that was reviewed."""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path
from typing import Any

from tqdm import tqdm

from inference.vocabulary import DIAGNOSES
from training.commands import arguments
from training.data.labels import RARE
from training.data.sources import SOURCES
from training.synthesis.gallery import Gallery
from training.synthesis.prompts import TEMPLATES, prompts_of
from training.synthesis.stable_diffusion import (
    FULL,
    LICENCE,
    MODEL,
    PILOT,
    Drawer,
    check_pilot,
    draw,
    find_model,
    free_memory,
    load_pipeline,
    plan,
    read_adapter,
    weights_hash,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    arguments.out(parser, "folder of the pictures and their manifest.json")
    add = parser.add_argument
    add("--model", default=MODEL, help="folder with the weights, or a name that an earlier download left here")
    add("--adapter", type=Path, help="folder that generate tune wrote")
    add("--stage", default="pilot", choices=["pilot", "full"], help=f"{PILOT} or {FULL} a class, in all")
    add("--each", type=arguments.at_least(1), help="another number a class")
    add("--classes", nargs="+", default=list(RARE), choices=list(DIAGNOSES))
    add("--size", type=int, default=512, help="pixels; the report draws at 512 and falls back to 384")
    add("--steps", type=arguments.at_least(2), default=30)
    add("--guidance", type=float, default=7.5)
    add("--seed", type=int, default=0)
    add("--memory-gb", type=float, help="plan for so much instead of what is free now")
    add("--show-prompts", action="store_true", help="print the prompts and draw nothing")


def run(args: argparse.Namespace) -> str:
    if args.show_prompts:
        return "\n".join(f"{code}: {prompt}" for code in args.classes for prompt in prompts_of(code, TEMPLATES))
    folder, gallery = find_model(args.model), Gallery(args.out)
    if args.stage == "full":
        check_pilot(gallery, args.classes)
    free, gpu = free_memory()
    budget = plan(args.memory_gb * 1e9 if args.memory_gb else free, size=args.size, gpu=gpu)
    print(f"Plan: {budget}.", flush=True)
    record = read_adapter(args.adapter) if args.adapter else None
    drawer = _drawer(folder, args.adapter, record, load_pipeline(folder, budget, args.adapter))
    each = args.each or (PILOT if args.stage == "pilot" else FULL)
    with tqdm(total=each * len(args.classes), desc="drawing", unit="image") as bar:
        draw(
            gallery,
            drawer,
            args.classes,
            each=each,
            seed=args.seed,
            size=args.size,
            steps=args.steps,
            guidance=args.guidance,
            batch=budget.batch,
            tell=lambda done: bar.update(done - bar.n),
        )
    counted = ", ".join(f"{count} {code}" for code, count in gallery.manifest.counts().items())
    return f"{counted} in {gallery.save()}. Next: generate score, then generate review."


def _drawer(folder: Path, adapter: Path | None, record: dict[str, Any] | None, pipeline: object) -> Drawer:
    sha256 = weights_hash(folder)
    if adapter is None or record is None:
        return Drawer(pipeline, "stable-diffusion", sha256)
    if record["model_sha256"] != sha256:
        raise ValueError(f"{adapter} was tuned on other weights than those in {folder}.")
    tuned = hashlib.sha256(f"{sha256}+{weights_hash(adapter)}".encode()).hexdigest()
    terms = f"{LICENCE}; {SOURCES[record['source']].terms}"
    return Drawer(pipeline, "stable-diffusion-lora", tuned, record["split_sha256"], record["token"], terms)
