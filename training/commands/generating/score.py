"""Score generated pictures: NIQE, BRISQUE, KID, FID, agreement, copies; writes the scores into their manifest."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from inference.bundle import Bundle
from training.commands import arguments
from training.data.pictures import VIEWED, Bytes, read_picture
from training.data.records import Record
from training.data.sides import rows_of
from training.data.splits import Split
from training.data.synthetic import check_may_join, load_manifest
from training.evaluation.embedded import cache_file, embed
from training.evaluation.outside import check_own_split
from training.reporting.report import command_line, write
from training.synthesis.judging import look
from training.synthesis.niqe import fit_pristine
from training.synthesis.score_report import ACROSS, build
from training.synthesis.scoring import Reference, at_one_size, distances_of, from_squares, reference, score

BLUR = 0.015  # sigma, share of the width: a severe blur, as the quality gate is measured with


def add_arguments(parser: argparse.ArgumentParser) -> None:
    arguments.data(parser)
    arguments.out(parser)
    add = parser.add_argument
    add("--manifest", type=Path, required=True, help="folder of generated pictures")
    add("--bundle", type=Path, required=True, help="the network that judges, of the same split")
    add("--split", type=Path, required=True, help="split.json; only its training side is compared with")
    add("--at-most", type=arguments.at_least(2), default=400, help="photographs for NIQE, and of each class for blur")
    add("--photographs", action="store_true", help="show training photographs too: mind their licence")
    add("--no-sheet", action="store_true", help="show no picture: edits hold parts of photographs too")


def run(args: argparse.Namespace) -> str:
    bundle, split, manifest = Bundle.load(args.bundle), Split.load(args.split), load_manifest(args.manifest)
    check_own_split(bundle.manifest.name, bundle.manifest.training_data, split)
    check_may_join(manifest, split)
    records, pictures = arguments.load_data(args)
    rows = rows_of(split, records, "train")
    codes = [image.diagnosis for image in manifest.images]
    made = [np.asarray(read_picture(manifest.folder / image.image)) for image in manifest.images]
    squares = any(map(from_squares, manifest.images, made))
    train, viewed = [records[row] for row in rows], [pictures.viewed[row] for row in rows]
    real = _reference(bundle, train, viewed, codes, args, squares=squares)
    seen = look(bundle, made)
    scored = score(manifest, made, seen, real)
    scored.save()
    apart = [distances_of(code, codes, seen.embeddings, real) for code in scored.counts()]
    shown = _photographs(records, rows, scored.counts()) if args.photographs else None
    report = build(scored, made, real, apart, photographs=shown, sheet=not args.no_sheet)
    write(report, args.out, command=command_line(args.argv))
    return f"{report.lead}\nScores in {args.manifest}, report in {args.out}."


def _reference(
    bundle: Bundle,
    train: list[Record],
    viewed: list[Bytes],
    codes: list[str],
    args: argparse.Namespace,
    *,
    squares: bool,
) -> Reference:
    """The training side in the order of ``train``; blurred are photographs of each of ``codes``."""
    rng = np.random.default_rng(0)
    some = rng.permutation(len(train))[: 2 * args.at_most]
    fitted, judged = some[: len(some) // 2], some[len(some) // 2 :]
    pristine = fit_pristine(at_one_size(np.asarray(read_picture(train[i].image))) for i in fitted)
    by_code = {code: [record for record in train if record.diagnosis == code] for code in sorted(set(codes))}
    to_blur = [found[i] for found in by_code.values() for i in rng.permutation(len(found))[: args.at_most]]
    blurred = [_blurred(record) for record in to_blur]
    return reference(
        [record.image_id for record in train],
        [record.diagnosis for record in train],
        [record.lesion_id for record in train],
        viewed,
        embed(bundle, train, cache_file(args.cache, bundle)).astype(np.float64),
        pristine=pristine,
        niqe=np.array([pristine.niqe(at_one_size(np.asarray(read_picture(train[i].image)))) for i in judged]),
        blurred=look(bundle, blurred, "blurred").embeddings,
        blurred_images=[record.image_id for record in to_blur],
        squares=squares,
    )


def _blurred(record: Record) -> Bytes:
    picture = read_picture(record.image)
    return np.asarray(picture.filter(ImageFilter.GaussianBlur(BLUR * picture.width)))


def _photographs(records: list[Record], rows: list[int], codes: dict[str, int]) -> dict[str, list[np.ndarray]]:
    found: dict[str, list[np.ndarray]] = {}
    for code in codes:
        chosen = [records[row] for row in rows if records[row].diagnosis == code][:ACROSS]
        small = [read_picture(record.image).resize(VIEWED[::-1], Image.Resampling.BOX) for record in chosen]
        found[code] = [np.asarray(picture) for picture in small]
    return found
