"""Write a page on which a person keeps or rejects each picture; two people do so, each alone."""

from __future__ import annotations

import argparse
from pathlib import Path

from training.data.records import DataError
from training.data.synthetic import load_manifest
from training.synthesis.review_sheet import page


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--manifest", type=Path, required=True, help="folder of generated pictures")
    add("--all", action="store_true", help="also those that did not pass generate score, or have no scores")
    add("--again", action="store_true", help="also those that an earlier review has decided")
    add("--out", type=Path, required=True, help="the page, such as review.html")


def run(args: argparse.Namespace) -> str:
    manifest = load_manifest(args.manifest)
    passing = [image for image in manifest.images if args.all or image.scores.get("passes")]
    if not passing:
        raise DataError("No picture has passed generate score; run that first, or review --all.")
    shown = [image for image in passing if args.again or image.accepted is None]
    if not shown:
        raise DataError("All of these pictures are decided; review --again shows them once more.")
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(page(manifest, shown))
    return (
        f"{len(shown)} of {len(manifest.images)} pictures in {args.out}. Give the page to two people, "
        "then generate join with the two files that they save."
    )
