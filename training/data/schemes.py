"""The ways to split, by name. All but ``image-level`` keep a lesion and its near-duplicates on one side.

image-level is how most published figures on HAM10000 were made. It stands here under its own name alone, to be printed
beside the honest figure, and every split of it says in its scheme that it leaks.
"""

from __future__ import annotations

from collections.abc import Sequence

from training.data.records import DataError, Record
from training.data.splits import (
    LEAKS,
    PARTS,
    Split,
    Twins,
    by_lesion_id,
    deal,
    group_by_lesion,
    grouped,
    split_by_lesion,
    torn_pairs,
)

SCHEMES = ("lesion", "lesion-folds", "leave-source-out", "image-level")
FOLDS = 5
FIVE = "stratified 5 folds, 70/10/20"
HELD_OUT = "rosendahl"  # Queensland; the other three sources are Vienna's


def split_by(
    scheme: str,
    records: list[Record],
    near: Twins,
    recoloured: Twins | None = None,
    *,
    seed: int = 0,
    fold: int = 0,
    within: Split | None = None,
) -> Split:
    """The split that ``scheme``, one of ``SCHEMES``, makes of ``records``; no pair of near-duplicates is torn.

    ``near`` and ``recoloured`` are pairs of record indexes, as ``near_duplicates`` and ``recoloured_duplicates`` give
    them. ``within`` lets lesion-folds deal the training side of another split alone. Raises ``DataError`` for an
    unknown scheme or fold, or when a side would stay empty.
    """
    folds = {"lesion": PARTS, "lesion-folds": FOLDS, "leave-source-out": PARTS, "image-level": PARTS}
    if scheme not in folds:
        raise DataError(f"There is no split scheme {scheme!r}; known: {', '.join(SCHEMES)}.")
    if not 0 <= fold < folds[scheme]:
        raise DataError(f"{scheme} has folds 0 to {folds[scheme] - 1}, not {fold}.")
    if within is not None and (scheme != "lesion-folds" or within.leaks):
        raise DataError("Only lesion-folds are made within a split, and only within one that does not leak.")
    every = [*near, *(recoloured or [])]
    if scheme == "lesion":
        made = split_by_lesion(records, near, seed=seed, fold=fold)
        if torn_pairs(made, records, every):  # else the split is what it was before recoloured pairs were known
            made = split_by_lesion(records, every, seed=seed, fold=fold)
    elif scheme == "lesion-folds":
        made = lesion_folds(records, every, seed=seed, fold=fold, within=within)
    elif scheme == "leave-source-out":
        made = leave_source_out(records, every, seed=seed, fold=fold)
    else:
        made = image_level(records, seed=seed, fold=fold)
    empty = [side for side, ids in made.sides.items() if not ids]
    if empty:
        raise DataError(f"{scheme} leaves no image for {' and '.join(empty)}: the data are too few for it.")
    return made


def folds_of(split: Split) -> int:
    """How many folds its scheme has."""
    return FOLDS if FIVE in split.scheme else PARTS


def lesion_folds(
    records: list[Record], twins: Twins, *, seed: int = 0, fold: int = 0, within: Split | None = None
) -> Split:
    """One of five folds, 70/10/20 by lesion. Each image is tested once over the folds: pool them out of fold.

    Made of the same tenths as the 80/10/10 split: fold k tests tenths 2k and 2k + 1 and validates on the next. The
    training side of a split that this is ``within`` is dealt in the same way; the images of its other sides are left
    out, so that teachers of these folds know nothing that their student is judged on.
    """
    groups, scheme = group_by_lesion(records, twins), f"{grouped(records)} {FIVE}"
    if within is not None:
        known = set(within.train)
        groups = [group for group in groups if records[group[0]].image_id in known]
        scheme += f", within the training side of {within.digest()[:16]}"
    part_of = deal(groups, records, seed, by_lesion_id)
    return _from_parts(
        records,
        {index: (part - 2 * fold) % PARTS for index, part in part_of.items()},
        {0: "test", 1: "test", 2: "validation"},
        scheme=scheme,
        seed=seed,
        fold=fold,
    )


def leave_source_out(
    records: list[Record], twins: Twins, *, held_out: str = HELD_OUT, seed: int = 0, fold: int = 0
) -> Split:
    """Test on every image of one source, train on the others, validate on a tenth of theirs by lesion.

    ``fold`` is the tenth that validates. A group of lesion mates and near-duplicates that reaches into the source held
    out gives up its other images: the test side stays whole, and training knows nothing of it.
    """
    tested = [record.source == held_out for record in records]
    known = sorted({record.source for record in records})
    if not any(tested) or all(tested):
        raise DataError(f"leave-source-out needs images of {held_out!r} and of another source; here: {known}.")
    groups = group_by_lesion(records, twins)
    part_of = deal([group for group in groups if not any(tested[i] for i in group)], records, seed, by_lesion_id)
    sides: dict[str, list[str]] = {"train": [], "validation": [], "test": [], "left_out": []}
    for index, record in enumerate(records):
        if index in part_of:
            side = "validation" if part_of[index] == fold else "train"
        else:
            side = "test" if tested[index] else "left_out"
        sides[side].append(record.image_id)
    how = grouped(records).replace("lesion-grouped", "by lesion")
    scheme = f"leave-source-out: tested on {held_out}, trained {how} on {_and(known, but=held_out)}"
    return Split.of(sides, scheme=scheme, seed=seed, fold=fold)


def image_level(records: list[Record], *, seed: int = 0, fold: int = 0) -> Split:
    """Stratified 80/10/10 by image, as if photographs of one lesion had nothing to do with each other."""
    part_of = deal([[index] for index in range(len(records))], records, seed, lambda record: record.image_id)
    return _from_parts(
        records,
        {index: (part - fold) % PARTS for index, part in part_of.items()},
        {0: "test", 1: "validation"},
        scheme=f"{LEAKS} (stratified 80/10/10)",
        seed=seed,
        fold=fold,
    )


def _from_parts(
    records: list[Record], turn: dict[int, int], held: dict[int, str], *, scheme: str, seed: int, fold: int
) -> Split:
    sides: dict[str, list[str]] = {"train": [], "validation": [], "test": [], "left_out": []}
    for index, record in enumerate(records):
        side = held.get(turn[index], "train") if index in turn else "left_out"
        sides[side].append(record.image_id)
    return Split.of(sides, scheme=scheme, seed=seed, fold=fold)


def _and(sources: list[str], *, but: str) -> str:
    return ", ".join(source for source in sources if source != but)


def overlap(split: Split, records: list[Record], tested: Sequence[str] | None = None) -> float:
    """Share of test images (or of ``tested`` among them), 0–1, whose lesion has a photograph on the training side."""
    lesion = {record.image_id: record.lesion_id for record in records}
    trained = {lesion[image] for image in split.train}
    asked = split.test if tested is None else tested
    return sum(lesion[image] in trained for image in asked) / len(asked)
