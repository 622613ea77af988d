"""How well the wrong-patient guard tells copies from other pictures: `python -m tests.load.lookalikes --data HAM10000`."""

import argparse
import csv
import io
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance

from cases.pictures import LEAST_LIKENESS, MOST_BITS, brightness, differing_bits, make_thumbnail
from inference.decoding import decode, perceptual_hash

SAMPLE = 17  # every 17th picture is copied in each way
Seen = tuple[str, np.ndarray]  # hash, and the thumbnail's brightness


def _saved(image: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).convert("RGB")


def _cut(image: Image.Image, share: float) -> Image.Image:
    x, y = round(image.width * share), round(image.height * share)
    return image.crop((x, y, image.width - x, image.height - y))


COPIES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "JPEG quality 85": lambda image: _saved(image, 85),
    "JPEG quality 50": lambda image: _saved(image, 50),
    "half the size": lambda image: image.resize((image.width // 2, image.height // 2)),
    "15 % brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.15),
    "15 % darker": lambda image: ImageEnhance.Brightness(image).enhance(0.85),
    "1 % cut from each side": lambda image: _cut(image, 0.01),
    "2 % cut from each side": lambda image: _cut(image, 0.02),
    "4 % cut from each side": lambda image: _cut(image, 0.04),
}


def seen(image: Image.Image) -> Seen:
    return perceptual_hash(image), brightness(make_thumbnail(image.copy()))


def is_near(one: str, other: str) -> bool:
    shares_band = any(one[place : place + 4] == other[place : place + 4] for place in range(0, 16, 4))
    return shares_band and differing_bits(one, other) <= MOST_BITS


def held_up(one: Seen, other: Seen) -> bool:
    """What the guard asks of a pair."""
    return is_near(one[0], other[0]) and float(one[1] @ other[1]) >= LEAST_LIKENESS


def report(folder: Path) -> Iterator[str]:
    with (folder / "HAM10000_metadata.csv").open(newline="") as file:
        lesions = {row["image_id"]: row["lesion_id"] for row in csv.DictReader(file)}
    paths = sorted(folder.rglob("ISIC_*.jpg"))
    found: dict[str, list[bool]] = {name: [] for name in COPIES}
    known: list[tuple[str, Seen]] = []
    for number, path in enumerate(path for path in paths if path.stem in lesions):
        image = decode(path.read_bytes())
        known.append((lesions[path.stem], seen(image)))
        if number % SAMPLE == 0:
            for name, copy in COPIES.items():
                found[name].append(held_up(known[-1][1], seen(copy(image))))
    for name, hits in found.items():
        yield f"{name}: {sum(hits)} of {len(hits)} copies found ({sum(hits) / len(hits):.1%})"
    pairs = _foreign_pairs(known)
    yield f"pictures of other lesions: {len(known)} pictures, {len(pairs)} pairs held up, {len(set().union(*pairs))} pictures"


def _foreign_pairs(known: list[tuple[str, Seen]]) -> list[set[int]]:
    near: set[tuple[int, int]] = set()
    for place in range(0, 16, 4):
        shared: dict[str, list[int]] = {}
        for number, (_, (phash, _)) in enumerate(known):
            shared.setdefault(phash[place : place + 4], []).append(number)
        near |= {pair for same in shared.values() for pair in combinations(same, 2)}
    others = (pair for pair in near if known[pair[0]][0] != known[pair[1]][0])
    return [set(pair) for pair in others if held_up(known[pair[0]][1], known[pair[1]][1])]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    for line in report(parser.parse_args().data):
        print(line)


if __name__ == "__main__":
    main()
