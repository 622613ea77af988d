"""A small part of a release for a first try: whole lesions, every class, the same each time."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from itertools import chain, zip_longest

from training.data.records import DataError, Record


def subset(records: list[Record], images: int) -> list[Record]:
    """At least ``images`` photographs in the order of ``records``: classes take turns, a whole lesion each.

    Lesions of a class come in the order of a hash of their name, so a larger subset contains a smaller one. Where a
    class has run out the others go on; the mix is therefore not that of the release, and no figure from it is one.
    Raises ``DataError`` when there are fewer than ``images``, or when ``images`` is below 1.
    """
    if not 1 <= images <= len(records):
        raise DataError(f"A subset of {images} images cannot be taken of {len(records)}.")
    lesions: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for record in records:
        lesions[record.diagnosis][record.lesion_id].append(record.image_id)
    ordered = [[of[name] for name in sorted(of, key=_hash)] for _, of in sorted(lesions.items())]
    chosen: set[str] = set()
    for ids in chain.from_iterable(zip_longest(*ordered, fillvalue=())):
        if len(chosen) >= images:
            break
        chosen.update(ids)
    return [record for record in records if record.image_id in chosen]


def _hash(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()
