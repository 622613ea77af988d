"""Private files: under random names, readable by the clinic's processes only, never by address."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from django.conf import settings
from django.core.files.storage import FileSystemStorage
from django.db import InterfaceError, OperationalError


class PrivateStorage(FileSystemStorage):
    """The media folder, without addresses: whoever asks for one gets an error, not a leak."""

    def url(self, name: str | None) -> str:
        raise ValueError("Private files have no address; a view that checks access serves them.")


def private_storage() -> PrivateStorage:
    """Where uploads live."""
    return PrivateStorage()


def new_key(suffix: str) -> str:
    """A name that says nothing of the patient, nor of the file's name on the uploader's machine."""
    key = uuid.uuid4().hex
    return f"images/{key[:2]}/{key}{suffix}"


def write_at(name: str, offset: int, data: bytes) -> None:
    """Put the bytes at their place; what a crash left behind it is cut off, so a part may be written again."""
    path = Path(private_storage().path(name))
    path.parent.mkdir(mode=settings.FILE_UPLOAD_DIRECTORY_PERMISSIONS, parents=True, exist_ok=True)
    file = os.open(path, os.O_WRONLY | os.O_CREAT, settings.FILE_UPLOAD_PERMISSIONS)
    with os.fdopen(file, "wb") as stream:
        stream.seek(offset)
        stream.write(data)
        stream.truncate()


_written: ContextVar[list[str] | None] = ContextVar("written", default=None)


@contextmanager
def removed_on_failure() -> Iterator[list[str]]:
    """Files named in the list are deleted if the block fails, or a block of this kind around it.

    It stands around the transaction, so that a commit that fails leaves no file behind. When the database itself went
    away, nobody knows whether it committed: a file without a row is tidied later, a row without its file is a loss.
    """
    around, names = _written.get(), []
    token = _written.set(names)
    try:
        yield names
    except (OperationalError, InterfaceError):
        raise
    except BaseException:
        for name in names:
            private_storage().delete(name)
        raise
    finally:
        _written.reset(token)
    if around is not None:
        around.extend(names)
