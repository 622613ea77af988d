"""Files that a crash left between writing and its row."""

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import chain, islice
from pathlib import Path

import numpy as np
from django.db.models import Q
from django.utils import timezone

from cases.models import LesionImage, Upload
from cases.storage import private_storage

logger = logging.getLogger(__name__)

# An upload writes its files moments before its row; nothing younger is an orphan.
_AGE = timedelta(hours=1)
_ASKED_AT_ONCE = 500  # files
# Crashes leave a few. More speak for a database that is not all there, as while a backup is put back.
_MOST, _MOST_OF_KNOWN = 100, 0.01


class TooManyOrphans(Exception):
    """So many files without a row that the rows are more likely missing than the files too many."""


def remove_orphan_files(*, now: datetime | None = None, however_many: bool = False) -> int:
    """Removes all of them, or none where they are too many: that is logged, and `manage.py doctor` says so too."""
    try:
        found = find_orphan_files(now=now, however_many=however_many)
    except TooManyOrphans as refusal:
        logger.error("No file was removed: %s", refusal)  # noqa: TRY400  the sentence says it all
        return 0
    removed = 0
    for start in range(0, len(found), _ASKED_AT_ONCE):
        some = found[start : start + _ASKED_AT_ONCE]
        # Asked again before they are gone for good: a row may be younger than the list.
        for name in set(some) - _known_among(some):
            Path(private_storage().path(name)).unlink(missing_ok=True)
            removed += 1
    return removed


def find_orphan_files(*, now: datetime | None = None, however_many: bool = False) -> list[str]:
    """Their names. Raises `TooManyOrphans`; where no image has a row, no one's word is enough to call files orphans."""
    place = Path(private_storage().location)
    oldest = ((now or timezone.now()) - _AGE).timestamp()
    known = _hashed(_names_of_parts(), _names_of_images())
    most = max(_MOST, int(_MOST_OF_KNOWN * len(known)))
    old = (path.relative_to(place).as_posix() for path in _unknown(place, known) if _is_older(path, oldest))
    found = list(old if however_many else islice(old, most + 1))
    if any(name.startswith("images/") for name in found) and not LesionImage.objects.exists():
        raise TooManyOrphans("There are pictures, but the database has no image. Is it the right one, whole?")
    if len(found) > most and not however_many:
        raise TooManyOrphans(
            f"More than {most} files have no row in the database. Is it the right one, whole? If it is, "
            "`manage.py sweep --once --orphans` removes them."
        )
    return found


def _unknown(place: Path, known: np.ndarray) -> Iterator[Path]:
    """Files that no row names; two names of one hash, if there ever are, leave an orphan until the next start."""
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
