"""What a bundle has not learned from: the held-out sides of its own split, and data from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from training.data.records import DataError, Record
from training.data.sources import Source
from training.data.splits import LeakError, Split, Twins


def check_own_split(name: str, training_data: Mapping[str, Any], split: Split) -> None:
    """Raise ``LeakError`` unless ``split`` is the one that the bundle ``name`` was made on.

    ``training_data`` is the manifest's. Of any other split the bundle may have learned the held-out sides, whatever
    they are called: it lists its test images, not those that it learned.
    """
    if training_data.get("split_sha256") != split.digest():
        raise LeakError(
            f"The bundle {name} was trained on another split, so the held-out sides of this one may hold what it has "
            "learned: give the split.json of its runs."
        )


def check_outside(training_data: Mapping[str, Any], records: list[Record]) -> None:
    """Raise ``DataError`` when any of ``records`` is of the release that a bundle learned from.

    ``training_data`` is the manifest's: a release is known by its name and by the test images that are listed there,
    so that a larger one that holds it (ISIC 2019 holds HAM10000 whole) is recognised too.
    """
    name, listed = training_data["name"], set(training_data.get("test_images", ()))
    known = sum(record.dataset == name or record.image_id in listed for record in records)
    if known:
        raise DataError(
            f"These are no outside data: the bundle learned from {name}, and {known} of these photographs are of it. "
            "Evaluate on the side of a split."
        )


def check_elsewhere(split: Split, home: Sequence[Record], away: Sequence[Record], pairs: Twins) -> None:
    """Raise ``LeakError`` when any of ``away`` is a picture of ``split``, shows a lesion of it, or is nearly one of it.

    ``pairs`` are near-duplicates, (row in ``home``, row in ``away``). The test side counts too: it is home, and a
    picture that is both at home and away tells nothing of the difference.
    """
    placed = {image for ids in split.sides.values() for image in ids}
    lesions = {record.lesion_id for record in home if record.image_id in placed}
    images = [record.image_id for record in away if record.image_id in placed]
    shown = [record.image_id for record in away if record.lesion_id in lesions]
    twins = [away[there].image_id for here, there in pairs if home[here].image_id in placed]
    found = sorted({*images, *shown, *twins})
    if found:
        raise LeakError(
            f"{len(found)} of the {len(away)} photographs away are not from elsewhere, {found[0]} for one: "
            f"{len(images)} have the name of a picture of the split, {len(shown)} show a lesion of it, "
            f"{len(set(twins))} are nearly a picture of it. Take them out of the data away."
        )


def unlike(image_types: Sequence[str], source: Source, records: list[Record]) -> tuple[str, ...]:
    """What makes figures from ``source`` harder to compare, in sentences."""
    limits = []
    if not set(source.image_types) & set(image_types):
        kinds = ", ".join(source.image_types)
        limits.append(f"These photographs are {kinds}; the bundle was made for {', '.join(image_types)}.")
    unknown = sum(record.metadata.age is None for record in records) / len(records)
    if unknown > 0.5:
        limits.append(f"Age is unknown for {unknown:.0%} of these photographs: the fused path has little to go by.")
    return tuple(limits)
