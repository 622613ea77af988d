"""What a split is, how lesions are grouped and dealt, and the check that stops a leaky run; schemes.py has the rest.

38 % of a random 10 % test set of HAM10000 shows a lesion that is also in training; a figure from it is worthless.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.data.records import DataError, Record, grouping

PARTS = 10  # tenths: one tests, one validates, eight train
# Correlation of 16×12 RGB thumbnails above which two pictures count as one and stay on one side. Measured on
# HAM10000 with its mirror images: 244 pairs of different lesions at .985, 1,848 at .98.
NEAR_DUPLICATE = 0.985
_THUMBNAIL = (12, 16)
LEAKS = "image-level: leaks"  # how a scheme that is kept only for comparison begins, wherever it is quoted
Twins = list[tuple[int, int]]  # pairs of record indexes a < b
Stack = Collection[NDArray[np.uint8]]  # pictures (H,W,3), as one array (N,H,W,3) or a list of them
_NAMED = 5  # of the offending pairs, so that the sentence can be read


class LeakError(ValueError):
    """The same lesion, or nearly the same picture, stands on two sides of a split."""


@dataclass(frozen=True)
class Split:
    """Image ids by side, with what made them. ``scheme`` names the rule: a figure is quoted with it.

    ``left_out`` are images that no side may have: they would tie training to the test side.
    """

    scheme: str
    seed: int
    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]
    fold: int = 0
    left_out: tuple[str, ...] = ()

    @classmethod
    def of(cls, sides: dict[str, list[str]], *, scheme: str, seed: int, fold: int) -> Split:
        """From lists of image ids, ``left_out`` among them if there are any; their order does not matter."""
        return cls(scheme=scheme, seed=seed, fold=fold, **{side: tuple(sorted(ids)) for side, ids in sides.items()})

    @property
    def sides(self) -> dict[str, tuple[str, ...]]:
        return {"train": self.train, "validation": self.validation, "test": self.test}

    def digest(self) -> str:
        """SHA-256 over the sides: two runs with one digest saw the same split."""
        return hashlib.sha256(json.dumps(self.sides, sort_keys=True).encode()).hexdigest()

    @property
    def leaks(self) -> bool:
        """Whether it is one of those that exist only to be printed beside an honest figure."""
        return self.scheme.startswith(LEAKS)

    def ids_digest(self) -> str:
        """SHA-256 over all image ids, whichever their side: two splits with one were made of the same pictures."""
        ids = sorted((*self.train, *self.validation, *self.test, *self.left_out))
        return hashlib.sha256("\n".join(ids).encode()).hexdigest()

    def save(self, path: Path) -> None:
        document = {**asdict(self), "ids_sha256": self.ids_digest(), "sha256": self.digest()}
        path.write_text(json.dumps(document, indent=1))

    @classmethod
    def load(cls, path: Path) -> Split:
        """Read a split file.

        Raises ``DataError`` if there is none, ``LeakError`` if its content is not what its digests say.
        """
        try:
            raw: dict[str, Any] = json.loads(path.read_text())
            sides = {side: raw.get(side, []) for side in ("train", "validation", "test", "left_out")}
            split = cls.of(sides, scheme=raw["scheme"], seed=raw["seed"], fold=raw.get("fold", 0))
            # Files of version 0.1.0 hold no fold and no digest of the ids.
            written = raw["sha256"], raw.get("ids_sha256", split.ids_digest())
        except OSError:
            raise DataError(f"{path} cannot be read; give a split.json that split or train wrote.") from None
        except (AttributeError, KeyError, TypeError, ValueError):
            raise DataError(f"{path} holds no split; give a split.json that split or train wrote.") from None
        if written != (split.digest(), split.ids_digest()):
            raise LeakError(f"{path} was edited after it was written; make the split again.")
        return split


def split_by_lesion(records: list[Record], twins: list[tuple[int, int]], *, seed: int = 0, fold: int = 0) -> Split:
    """Stratified 80/10/10 by lesion. ``twins`` are pairs of record indexes that must stay together.

    Groups of one diagnosis are ordered by a hash of their name, so adding rows elsewhere does not reshuffle them;
    they are then dealt to ten parts, the largest groups first so that image counts stay even.
    """
    part_of = deal(group_by_lesion(records, twins), records, seed, by_lesion_id)
    sides: dict[str, list[str]] = {"train": [], "validation": [], "test": []}
    for index, record in enumerate(records):
        turn = (part_of[index] - fold) % PARTS
        sides[{0: "test", 1: "validation"}.get(turn, "train")].append(record.image_id)
    return Split.of(sides, scheme=f"{grouped(records)} stratified 80/10/10", seed=seed, fold=fold)


def grouped(records: list[Record]) -> str:
    """What a split of ``records`` says that it keeps on one side; without lesion ids it is not lesion-grouped."""
    held = grouping(records)
    if held == "photograph":
        return "photograph-grouped (no lesion is named: only near-duplicates are kept together)"
    return f"{held}-grouped"


def group_by_lesion(records: list[Record], twins: list[tuple[int, int]]) -> list[list[int]]:
    """Record indexes in groups that must stay together: photographs of one lesion, and ``twins`` of those."""
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


def deal(groups: list[list[int]], records: list[Record], seed: int, name: Callable[[Record], str]) -> dict[int, int]:
    """Deal each class's groups to ``PARTS`` parts in turn: record index → part. A hash of ``name`` orders them."""
    by_class: dict[str, list[list[int]]] = defaultdict(list)
    for group in groups:
        by_class[records[group[0]].diagnosis].append(group)
    part_of: dict[int, int] = {}
    for diagnosis, members in sorted(by_class.items()):
        members.sort(key=lambda group: (-len(group), _hash(min(name(records[i]) for i in group), seed)))
        start = int(_hash(diagnosis, seed), 16) % PARTS
        for turn, group in enumerate(members):
            part_of.update(dict.fromkeys(group, (start + turn) % PARTS))
    return part_of


def by_lesion_id(record: Record) -> str:
    return record.lesion_id


def _hash(name: str, seed: int) -> str:
    return hashlib.sha256(f"{seed}/{name}".encode()).hexdigest()


def near_duplicates(images: Stack, threshold: float = NEAR_DUPLICATE) -> list[tuple[int, int]]:
    """Pairs (a < b) of pictures (N,H,W,3) whose thumbnails correlate above ``threshold``, mirrored or turned too."""
    small = thumbnails(images)
    small -= small.mean(axis=(1, 2, 3), keepdims=True)
    norm = np.sqrt((small**2).sum(axis=(1, 2, 3), keepdims=True))
    return correlated(small / np.maximum(norm, 1e-6), threshold)


def correlated(unit: NDArray[np.float32], threshold: float) -> list[tuple[int, int]]:
    """Pairs (a < b) of centred thumbnails (N,h,w,3) of length 1 whose product is above ``threshold``, in four poses."""
    flat = unit.reshape(len(unit), -1)
    pairs: set[tuple[int, int]] = set()
    for seen in (unit, unit[:, :, ::-1], unit[:, ::-1], unit[:, ::-1, ::-1]):
        other = seen.reshape(len(unit), -1)
        for start in range(0, len(flat), 1000):  # each pose undoes itself, so later pictures are enough
            rows, columns = np.nonzero(flat[start : start + 1000] @ other[start:].T > threshold)
            pairs |= {(start + int(a), start + int(b)) for a, b in zip(rows, columns, strict=True) if a < b}
    return sorted(pairs)


def thumbnails(images: Stack) -> NDArray[np.float32]:
    """Means over boxes, float32 (N,12,16,3) on the 0–255 scale, of pictures (N,H,W,3)."""
    height, width = _THUMBNAIL
    return np.stack([_box(image, height, width) for image in images])


def _box(image: NDArray[np.uint8], height: int, width: int) -> NDArray[np.float32]:
    rows = np.linspace(0, image.shape[0], height + 1).astype(int)[:-1]
    columns = np.linspace(0, image.shape[1], width + 1).astype(int)[:-1]
    summed = np.add.reduceat(np.add.reduceat(image.astype(np.float32), rows, 0), columns, 1)
    counts = np.outer(np.diff([*rows, image.shape[0]]), np.diff([*columns, image.shape[1]]))
    return np.asarray(summed / counts[..., None], dtype=np.float32)


def check_no_leak(split: Split, records: list[Record], twins: list[tuple[int, int]]) -> None:
    """Raise ``LeakError`` naming pairs if a lesion or two near-duplicates stand on two sides, or an image on none."""
    check_same_images(split, records)
    side_of = {image: side for side, ids in split.sides.items() for image in ids}
    first: dict[str, str] = {}
    torn: list[tuple[str, str]] = []
    for image, lesion in ((r.image_id, r.lesion_id) for r in records if r.image_id in side_of):
        other = first.setdefault(lesion, image)
        if side_of[other] != side_of[image]:
            torn.append((other, image))
    if torn:
        raise LeakError(f"The same lesion stands on two sides of the split: {_listed(torn, side_of)}.")
    torn = torn_pairs(split, records, twins)
    if torn:
        raise LeakError(f"Nearly the same picture stands on two sides of the split: {_listed(torn, side_of)}.")


def torn_pairs(split: Split, records: list[Record], pairs: list[tuple[int, int]]) -> list[tuple[str, str]]:
    """Image ids of those ``pairs`` of record indexes that stand on two sides."""
    side_of = {image: side for side, ids in split.sides.items() for image in ids}
    named = [(records[a].image_id, records[b].image_id) for a, b in pairs]
    return [(a, b) for a, b in named if a in side_of and b in side_of and side_of[a] != side_of[b]]


def check_same_images(split: Split, records: list[Record]) -> None:
    """Raise ``LeakError`` unless each image of ``records`` stands on exactly one side, or is left out, and no other."""
    placed = [*split.train, *split.validation, *split.test, *split.left_out]
    if len(set(placed)) != len(placed):
        raise LeakError("Each image must stand on exactly one side of the split.")
    strangers = {record.image_id for record in records}.symmetric_difference(placed)
    if strangers:
        raise LeakError(
            f"Each image must stand on exactly one side of the split: {len(strangers)} are in the data or in the split "
            f"alone, {min(strangers)} for one. Make the split of the same data."
        )


def _listed(pairs: list[tuple[str, str]], side_of: dict[str, str]) -> str:
    named = "; ".join(f"{a} ({side_of[a]}) and {b} ({side_of[b]})" for a, b in pairs[:_NAMED])
    return named + (f"; and {len(pairs) - _NAMED} pairs more" if len(pairs) > _NAMED else "")
