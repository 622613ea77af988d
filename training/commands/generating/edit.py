"""Put another lesion into a training photograph: drawn by a generator (inpaint) or moved from another (transplant)."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from inference.vocabulary import DIAGNOSES
from training.commands import arguments
from training.data.labels import RARE
from training.data.pictures import Pictures
from training.data.records import DataError, Record
from training.data.sides import rows_of
from training.data.sources import SOURCES
from training.data.splits import LeakError, Split
from training.synthesis.editing import Edit, inpaint, transplant
from training.synthesis.gallery import Gallery, named
from training.synthesis.generator import Asking, Generator, load_generator

HOWS = ("transplant", "inpaint")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    arguments.data(parser)
    arguments.out(parser, "folder of the pictures and their manifest.json")
    add = parser.add_argument
    add("--how", default="transplant", choices=HOWS, help="pixels outside the edit stay as they were, to the bit")
    add("--split", type=Path, required=True, help="split.json; hosts and donors are of its training side")
    add("--generator", type=Path, help="inpaint: folder that generate train wrote, on the same split")
    add("--classes", nargs="+", default=list(RARE), choices=list(DIAGNOSES), help="of the lesion that is put in")
    add("--each", type=arguments.at_least(1), default=50, help="pictures of each class, those that are there counted")
    add("--seed", type=int, default=0)
    asking = Asking()
    add("--steps", type=arguments.at_least(2), default=asking.steps, help="inpaint: steps, each taken three times")
    add("--guidance", type=float, default=asking.guidance, help="inpaint: 1 is none")


def run(args: argparse.Namespace) -> str:
    generator = load_generator(args.generator) if args.generator else None
    if (args.how == "inpaint") != (generator is not None):
        raise ValueError("inpaint needs --generator, and transplant has no use for one.")
    records, pictures = arguments.load_data(args)
    split = arguments.loaded_split(args.split, records, pictures)
    if split.leaks:
        raise LeakError(f"{split.scheme}: edits are made of a split by lesion; they would carry the leak on.")
    if generator and generator.split.digest() != split.digest():
        raise DataError("The generator learned on another split; give the split.json beside it.")
    gallery, outlined = Gallery(args.out), _outlined(records, pictures, split)
    how = Asking(args.steps, args.guidance)
    sha256 = generator.sha256 if generator else ""
    settings = how.settings() if generator else {}
    for code in args.classes:
        donors = [row for row in outlined if records[row].diagnosis == code]
        if not donors:
            raise DataError(f"The training side has no outlined lesion of {code}; leave it out.")
        for number in tqdm(range(args.each), desc=code, unit="image"):
            seed = args.seed * 10_000 + number
            name = named(sha256 or "00000000", code, seed, f"_{args.how}")
            gallery.check(name, settings, weights_sha256=sha256, split_sha256=split.digest())
            if name in gallery:
                continue
            host, donor = _drawn(outlined, donors, records, pictures, seed=seed)
            edit = _edited(pictures, (host, donor), code, seed=seed, generator=generator, how=how)
            parents = [host] if generator else [host, donor]
            gallery.add(
                name,
                edit.image,
                edit.lesion,
                diagnosis=code,
                generator=args.how,
                weights_sha256=sha256,
                split_sha256=split.digest(),
                seed=seed,
                settings=settings,
                parents=tuple(records[row].image_id for row in parents),
                licence=SOURCES[args.source].terms,
            )
            gallery.save()
    counted = ", ".join(f"{count} {code}" for code, count in gallery.manifest.counts().items())
    return f"{counted} in {args.out}. Next: generate score, then generate review."


def _outlined(records: list[Record], pictures: Pictures, split: Split) -> list[int]:
    """Rows of the training side with a lesion and some skin in their outline."""
    share = pictures.masks.reshape(len(records), -1).mean(1)
    return [row for row in rows_of(split, records, "train") if pictures.has_mask[row] and 0 < share[row] < 0.6]


def _drawn(
    hosts: list[int], donors: list[int], records: list[Record], pictures: Pictures, *, seed: int
) -> tuple[int, int]:
    """Rows of host and donor, of two lesions where there are two; the host's is the smaller, so that nothing of it
    is left to cover with skin that the donor's photograph does not show."""
    dice = np.random.default_rng((seed, DIAGNOSES.index(records[donors[0]].diagnosis)))
    donor = donors[int(dice.integers(len(donors)))]
    others = [row for row in hosts if records[row].lesion_id != records[donor].lesion_id] or hosts
    areas = pictures.masks[others].reshape(len(others), -1).sum(1)
    smaller = [row for row, area in zip(others, areas, strict=True) if area <= pictures.masks[donor].sum()] or others
    return smaller[int(dice.integers(len(smaller)))], donor


def _edited(
    pictures: Pictures, rows: tuple[int, int], code: str, *, seed: int, generator: Generator | None, how: Asking
) -> Edit:
    host, donor = rows

    def of(row: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        return np.array(pictures.stored[row]), np.array(pictures.masks[row])

    if generator is None:
        return transplant(*of(host), *of(donor))
    return inpaint(generator, *of(host), DIAGNOSES.index(code), seed=seed, how=how)
