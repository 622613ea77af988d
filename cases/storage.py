"""Private files: under random names, readable by the clinic's processes only, never by address."""

import uuid

from django.conf import settings
from django.core.files.storage import FileSystemStorage


def private_storage() -> FileSystemStorage:
    """Where uploads live. Without a base address: asking one for a URL is an error, not a leak."""
    return FileSystemStorage(location=settings.MEDIA_ROOT, base_url=None)


def new_key(suffix: str) -> str:
    """A name that says nothing of the patient, nor of the file's name on the uploader's machine."""
    key = uuid.uuid4().hex
    return f"images/{key[:2]}/{key}{suffix}"
