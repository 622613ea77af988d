"""Splits by lesion, never by image, with near-duplicates kept on one side and a check that stops a leaky run.

38 % of a random 10 % test set of HAM10000 shows a lesion that is also in training; a figure from it is worthless.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.data.records import Record

PARTS = 10  # tenths: one tests, one validates, eight train
# Correlation of 16×12 RGB thumbnails above which two pictures count as one and stay on one side. Measured on
# HAM10000 with its mirror images: 244 pairs of different lesions at .985, 1,848 at .98.
NEAR_DUPLICATE = 0.985
_THUMBNAIL = (12, 16)


class LeakError(ValueError):
    """The same lesion, or nearly the same picture, stands on two sides of a split."""


@dataclass(frozen=True)
class Split:
    """Image ids by side, with what made them. ``scheme`` names the rule: a figure is quoted with it."""

    scheme: str
    seed: int
    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]

    @property
    def sides(self) -> dict[str, tuple[str, ...]]:
        return {"train": self.train, "validation": self.validation, "test": self.test}

    def digest(self) -> str:
        """SHA-256 over the sides: two runs with one digest saw the same split."""
        return hashlib.sha256(json.dumps(self.sides, sort_keys=True).encode()).hexdigest()

    def save(self, path: Path) -> None:
        path.write_text(json.dumps({**asdict(self), "sha256": self.digest()}, indent=1))

    @classmethod
    def load(cls, path: Path) -> Split:
        """Read a split file. Raises ``LeakError`` if its content is not what its digest says."""
        raw: dict[str, Any] = json.loads(path.read_text())
        digest = raw.pop("sha256")
        sides = {side: tuple(raw.pop(side)) for side in ("train", "validation", "test")}
        split = cls(scheme=raw["scheme"], seed=raw["seed"], **sides)
        if split.digest() != digest:
            raise LeakError(f"{path} was edited after it was written; make the split again.")
        return split


def split_by_lesion(records: list[Record], twins: list[tuple[int, int]], *, seed: int = 0, fold: int = 0) -> Split:
    """Stratified 80/10/10 by lesion. ``twins`` are pairs of record indexes that must stay together.

    Groups of one diagnosis are ordered by a hash of their name, so adding rows elsewhere does not reshuffle them;
    they are then dealt to ten parts, the largest groups first so that image counts stay even.
    """
    part_of = _deal(_groups(records, twins), records, seed)
    sides: dict[str, list[str]] = {"train": [], "validation": [], "test": []}
    for index, record in enumerate(records):
        turn = (part_of[index] - fold) % PARTS
        sides[{0: "test", 1: "validation"}.get(turn, "train")].append(record.image_id)
    made = {side: tuple(sorted(ids)) for side, ids in sides.items()}
    return Split(scheme="lesion-grouped stratified 80/10/10", seed=seed, **made)


def _groups(records: list[Record], twins: list[tuple[int, int]]) -> list[list[int]]:
    parent = list(range(len(records)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    first: dict[str, int] = {}
    for index, record in enumerate(records):
        parent[root(index)] = root(first.setdefault(record.lesion_id, index))
    for a, b in twins:
        parent[root(a)] = root(b)
    groups: dict[int, list[int]] = defaultdict(list)
    for index in range(len(records)):
        groups[root(index)].append(index)
    return list(groups.values())


def _deal(groups: list[list[int]], records: list[Record], seed: int) -> dict[int, int]:
    by_class: dict[str, list[list[int]]] = defaultdict(list)
    for group in groups:
        by_class[records[group[0]].diagnosis].append(group)
    part_of: dict[int, int] = {}
    for diagnosis, members in sorted(by_class.items()):
        members.sort(key=lambda group: (-len(group), _hash(min(records[i].lesion_id for i in group), seed)))
        start = int(_hash(diagnosis, seed), 16) % PARTS
        for turn, group in enumerate(members):
            part_of.update(dict.fromkeys(group, (start + turn) % PARTS))
    return part_of


def _hash(name: str, seed: int) -> str:
    return hashlib.sha256(f"{seed}/{name}".encode()).hexdigest()


def near_duplicates(images: NDArray[np.uint8], threshold: float = NEAR_DUPLICATE) -> list[tuple[int, int]]:
    """Pairs (a < b) of pictures (N,H,W,3) whose thumbnails correlate above ``threshold``, mirrored or turned too."""
    upright = _thumbnails(images)
    flat = upright.reshape(len(images), -1)
    pairs: set[tuple[int, int]] = set()
    for seen in (upright, upright[:, :, ::-1], upright[:, ::-1], upright[:, ::-1, ::-1]):
        other = seen.reshape(len(images), -1).T
        for start in range(0, len(flat), 1000):
            rows, columns = np.nonzero(flat[start : start + 1000] @ other > threshold)
            pairs |= {(start + int(a), int(b)) for a, b in zip(rows, columns, strict=True) if start + a < b}
    return sorted(pairs)


def _thumbnails(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    height, width = _THUMBNAIL
    small = np.stack([_box(image, height, width) for image in images])
    small -= small.mean(axis=(1, 2, 3), keepdims=True)
    norm = np.sqrt((small**2).sum(axis=(1, 2, 3), keepdims=True))
    return np.asarray(small / np.maximum(norm, 1e-6), dtype=np.float32)


def _box(image: NDArray[np.uint8], height: int, width: int) -> NDArray[np.float32]:
    rows = np.linspace(0, image.shape[0], height + 1).astype(int)[:-1]
    columns = np.linspace(0, image.shape[1], width + 1).astype(int)[:-1]
    summed = np.add.reduceat(np.add.reduceat(image.astype(np.float32), rows, 0), columns, 1)
    counts = np.outer(np.diff([*rows, image.shape[0]]), np.diff([*columns, image.shape[1]]))
    return np.asarray(summed / counts[..., None], dtype=np.float32)


def check_no_leak(split: Split, records: list[Record], twins: list[tuple[int, int]]) -> None:
    """Raise ``LeakError`` if a lesion or a pair of near-duplicates stands on two sides, or an image on none."""
    side_of = {image: side for side, ids in split.sides.items() for image in ids}
    if len(side_of) != len(records) or sum(map(len, split.sides.values())) != len(records):
        raise LeakError("Each image must stand on exactly one side of the split.")
    sides_of_lesion: dict[str, set[str]] = defaultdict(set)
    for record in records:
        sides_of_lesion[record.lesion_id].add(side_of[record.image_id])
    torn = sorted(lesion for lesion, sides in sides_of_lesion.items() if len(sides) > 1)
    if torn:
        raise LeakError(f"{len(torn)} lesions stand on two sides of the split, {torn[0]} for one.")
    for a, b in twins:
        if side_of[records[a].image_id] != side_of[records[b].image_id]:
            raise LeakError(f"{records[a].image_id} and {records[b].image_id} are nearly the same picture, torn apart.")
