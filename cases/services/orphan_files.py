"""Files that a crash left between writing and its row."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import groupby, islice
from pathlib import Path

from django.db.models import Q
from django.utils import timezone

from cases.models import LesionImage, Upload
from cases.storage import private_storage

# An upload writes its files moments before its row; nothing younger is an orphan.
_AGE = timedelta(hours=1)
_ASKED_AT_ONCE = 500  # files


def remove_orphan_files(*, now: datetime | None = None) -> int:
    """The names that have a row come in their order, a folder at a time: however many there are, few are in memory."""
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
    """Files that no row names."""
    folders = {folder.relative_to(place).as_posix(): folder for folder in place.glob("images/*")}
    for name, known in groupby(_names_of_images(), key=lambda name: name.rpartition("/")[0]):
        yield from _beside(folders.pop(name, None), set(known), place)
    for folder in folders.values():
        yield from _beside(folder, set(), place)
    yield from _beside(place / "uploads", _names_of_parts(), place)


def _beside(folder: Path | None, known: set[str], place: Path) -> Iterator[Path]:
    files = folder.glob("*") if folder else ()
    return (path for path in files if path.relative_to(place).as_posix() not in known)


def _names_of_images() -> Iterator[str]:
    images = LesionImage.objects.order_by()
    thumbnails = images.values_list("thumbnail", flat=True)
    names = images.values_list("file", flat=True).union(thumbnails, all=True).order_by("file")
    return names.iterator(chunk_size=2000)


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
