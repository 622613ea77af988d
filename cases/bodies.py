"""The body of a request: how much of it is taken, and what becomes of the rest when it is refused."""

import contextlib

from django.http import HttpRequest
from django.http.request import RawPostDataException

FORM_SLACK = 64 * 1024  # bytes for the other fields and the boundaries around a file
_CHUNK = 64 * 1024
_MOST_THROWN_AWAY = 100_000_000  # bytes; whoever sends more is not worth reading


def announced_length(request: HttpRequest) -> int:
    """In bytes, as the client says it; nothing beyond it is ever read."""
    return int(request.META.get("CONTENT_LENGTH") or 0)


def read_to_the_end(request: HttpRequest) -> None:
    """Throw the rest of the body away: a client that is answered while it still sends sees a broken connection only."""
    left = _MOST_THROWN_AWAY
    with contextlib.suppress(OSError, RawPostDataException):
        while left > 0 and request.read(_CHUNK):
            left -= _CHUNK
