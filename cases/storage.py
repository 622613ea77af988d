"""Private files: under random names, readable by the clinic's processes only, never by address."""

import uuid

from django.core.files.storage import FileSystemStorage


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
