"""Join two people's reviews: what both keep is accepted, and only that may be learned from."""

from __future__ import annotations

import argparse
from pathlib import Path

from training.commands import arguments
from training.data.synthetic import load_manifest
from training.reporting.report import command_line, write
from training.synthesis.reviews import build, joined, read_review, reviewed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--manifest", type=Path, required=True, help="folder of generated pictures; what is accepted is written there")
    add("--reviews", type=Path, nargs=2, required=True, metavar="REVIEW", help="the two files that the page saved")
    arguments.out(parser)
    arguments.bootstrap(parser)


def run(args: argparse.Namespace) -> str:
    manifest, reviews = load_manifest(args.manifest), [read_review(path) for path in args.reviews]
    seen, answers = reviewed(manifest, reviews)
    report = build(seen, answers, [review.reviewer for review in reviews], bootstrap=args.bootstrap)
    write(report, args.out, command=command_line(args.argv))
    path = joined(manifest, seen, answers).save()
    both = answers[0] & answers[1]
    barred = sum(not image.may_be_accepted for image, keep in zip(seen, both, strict=True) if keep)
    told = f" {barred} of them are copies of photographs or have no scores and are not accepted." if barred else ""
    return f"{report.lead}{told}\nAccepted pictures in {path}; train --synthetic {args.manifest} learns from them."
