"""A database that is away is an outage to wait out: 503 with a time to come back, never a trace."""

import logging
from collections.abc import Callable
from http import HTTPStatus

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string

logger = logging.getLogger(__name__)

_RETRY_AFTER = "5"  # seconds
_SENTENCE = (
    "The database does not answer at the moment. Whether your last step was kept is not certain: "
    "look again in a few seconds before you repeat it."
)


class OutageMiddleware:
    """Turns a lost or locked database inside a view into an answer that a person and a program can act on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, OperationalError | InterfaceError):
            return None
        logger.error("%s %s: the database is away: %s", request.method, request.path, type(error).__name__)
        return _problem() if request.path.startswith("/api/") else _page()


def _problem() -> HttpResponse:
    status = HTTPStatus.SERVICE_UNAVAILABLE
    body = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": _SENTENCE}
    return _with_patience(JsonResponse(body, status=status, content_type="application/problem+json"))


def _page() -> HttpResponse:
    """Rendered without the request: who is signed in is in the database too."""
    status = HTTPStatus.SERVICE_UNAVAILABLE
    context = {"status": status.value, "heading": "The clinic is catching its breath", "sentence": _SENTENCE}
    page = render_to_string("errors/page.html", context)
    return _with_patience(HttpResponse(page, status=status))


def _with_patience(response: HttpResponse) -> HttpResponse:
    response["Retry-After"] = _RETRY_AFTER
    response["Cache-Control"] = "no-store"
    return response
