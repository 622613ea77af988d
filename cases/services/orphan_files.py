"""Files that a crash left between writing and its row."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import chain, islice
from pathlib import Path

import numpy as np
from django.db.models import Q
from django.utils import timezone

from cases.models import LesionImage, Upload
from cases.storage import private_storage

# An upload writes its files moments before its row; nothing younger is an orphan.
_AGE = timedelta(hours=1)
_ASKED_AT_ONCE = 500  # files


def remove_orphan_files(*, now: datetime | None = None) -> int:
    place = Path(private_storage().location)
    oldest = ((now or timezone.now()) - _AGE).timestamp()
    old = (path for path in _unknown(place) if _is_older(path, oldest))
    removed = 0
    while some := {path.relative_to(place).as_posix(): path for path in islice(old, _ASKED_AT_ONCE)}:
        # Asked again before they are gone for good: a row may be younger than the list.
        for name in some.keys() - _known_among(some):
            some[name].unlink(missing_ok=True)
            removed += 1
    return removed


def _unknown(place: Path) -> Iterator[Path]:
    """Files that no row names; two names of one hash, if there ever are, leave an orphan until the next start."""
    known = _hashed(_names_of_parts(), _names_of_images())
    for folder in (*place.glob("images/*"), place / "uploads"):
        files = list(folder.glob("*"))
        hashed = _hash_each(path.relative_to(place).as_posix() for path in files)
        nearest = known[np.searchsorted(known, hashed).clip(max=len(known) - 1)] if len(known) else ~hashed
        yield from (path for path, is_known in zip(files, nearest == hashed, strict=True) if not is_known)


def _hashed(*names: Iterable[str]) -> np.ndarray:
    """In their order. Of a million images: 16 MB, where the names themselves take over 300."""
    return np.sort(_hash_each(chain(*names)))


def _hash_each(names: Iterable[str]) -> np.ndarray:
    return np.fromiter(map(hash, names), dtype=np.int64)


def _names_of_images() -> Iterator[str]:
    pairs = LesionImage.objects.order_by().values_list("file", "thumbnail")
    return chain.from_iterable(pairs.iterator(chunk_size=2000))


def _names_of_parts() -> set[str]:
    return {upload.part_name for upload in Upload.objects.open().only("pk")}


def _known_among(names: Iterable[str]) -> set[str]:
    asked = list(names)
    images = LesionImage.objects.order_by().filter(Q(file__in=asked) | Q(thumbnail__in=asked))
    return {name for pair in images.values_list("file", "thumbnail") for name in pair} | _names_of_parts()


def _is_older(path: Path, oldest: float) -> bool:
    try:
        return path.stat().st_mtime < oldest
    except FileNotFoundError:  # an upload that was taken back meanwhile removed its own file
        return False
