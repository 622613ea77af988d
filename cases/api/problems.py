"""Errors in one shape: RFC 9457 problem+json, from the clinic's refusals as from the framework's."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.core.signals import got_request_exception
from django.db import InterfaceError, OperationalError
from rest_framework.exceptions import APIException
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import exception_handler as framework_handler

from cases import errors, models

logger = logging.getLogger("django.request")

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = "5"
# The first class that fits wins, so the special ones stand before the general ones.
STATUS = {
    errors.InvalidInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.Forbidden: HTTPStatus.FORBIDDEN,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.StorageUnavailable: HTTPStatus.INSUFFICIENT_STORAGE,
    errors.DomainError: HTTPStatus.BAD_REQUEST,
}
# What programs tell apart beyond the status.
KINDS = {
    errors.IllegalTransition: "illegal_transition",
    errors.FiledElsewhere: "image_of_another_patient",
    errors.Veiled: "veiled",
    errors.OffsetMismatch: "upload_offset",
}
ADDRESS = {models.Patient: "api:patient", models.Case: "api:case", models.Lesion: "api:lesion"}


class TooLarge(APIException):
    status_code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"


def problem(
    status: int, detail: str, *, kind: str = "", headers: Mapping[str, str] | None = None, **more: Any
) -> Response:
    """`kind` names the sort of problem for programs, `detail` says it to a person; empty members are left out."""
    phrase = HTTPStatus(status).phrase
    body = {
        "type": f"urn:skinclinic:problem:{kind or phrase.lower()}".replace(" ", "-").replace("_", "-"),
        "title": phrase,
        "status": int(status),
        "detail": _legible(detail),
        **{name: _legible(value) for name, value in more.items() if value or value == 0},
    }
    return Response(body, status=status, headers=headers, content_type=MEDIA_TYPE)


def _legible(value: Any) -> Any:
    """A refusal may quote what was sent, and JSON can carry halves of characters that no answer can."""
    if isinstance(value, Mapping):
        return {_legible(name): _legible(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_legible(item) for item in value]
    return value.encode(errors="replace").decode() if isinstance(value, str) else value


def handle(error: Exception, context: dict[str, Any]) -> Response:
    """DRF's EXCEPTION_HANDLER."""
    if isinstance(error, errors.DomainError):
        return _refusal(error, context["request"])
    if isinstance(error, RequestDataTooBig):
        return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The fields of the form are too large.")
    if isinstance(error, SuspiciousOperation):
        return problem(HTTPStatus.BAD_REQUEST, "The request could not be read.")
    if isinstance(error, OperationalError | InterfaceError):
        return problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "The database does not answer at the moment. Whether this request was carried out is not certain: "
            "send it again in a few seconds, with the same Idempotency-Key, or look first.",
            headers={"Retry-After": RETRY_SECONDS},
        )
    response = framework_handler(error, context)
    return _fault(error, context["request"]) if response is None else _from_framework(error, response)


def _fault(error: Exception, request: Any) -> Response:
    """Told to the log and to whoever listens for faults, as Django does; told to the client without details."""
    got_request_exception.send(sender=handle, request=request)
    logger.error("%s %s", request.method, request.path, exc_info=error)
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "The fault is on this side. It was logged; try again later.")


def _refusal(error: errors.DomainError, request: Any) -> Response:
    status = next(code for kind, code in STATUS.items() if isinstance(error, kind))
    more: dict[str, Any] = {}
    headers = {}
    if isinstance(error, errors.InvalidInput):
        more["errors"] = error.errors
    if isinstance(error, errors.Conflict):
        more = {"current": error.current, "legal": list(error.legal), "existing": _existing(error.existing, request)}
    if isinstance(error, errors.FiledElsewhere):
        more["errors"] = {"override_reason": ["Say why this patient has the picture too."]}
    if isinstance(error, errors.OffsetMismatch):
        more["offset"], headers = error.offset, {"Upload-Offset": str(error.offset)}
    kind = next((name for sort, name in KINDS.items() if isinstance(error, sort)), "")
    return problem(status, str(error), kind=kind, headers=headers, **more)


def _existing(thing: Any, request: Any) -> dict[str, str]:
    """Where the object lives that was in the way."""
    if thing is None:
        return {}
    name = ADDRESS.get(type(thing))
    link = {"url": reverse(name, [thing.pk], request=request)} if name else {}
    return {"id": str(thing.pk), **link}


def _from_framework(error: Exception, response: Response) -> Response:
    """Keep the framework's status and headers (WWW-Authenticate, Retry-After); give its words our shape."""
    found = _by_field(response.data) if _has_fields(response.data) else {}
    detail = f"Check these fields: {', '.join(found)}." if found else _sentence(response.data)
    kind = getattr(error, "default_code", "")
    return problem(response.status_code, detail, kind=kind, headers=dict(response.headers), errors=found)


def _has_fields(data: Any) -> bool:
    return isinstance(data, Mapping) and set(data) != {"detail"}


def _sentence(data: Any) -> str:
    if isinstance(data, Mapping):
        return str(data["detail"])
    return " ".join(str(item) for item in data)


def _by_field(data: Any, path: str = "") -> dict[str, list[str]]:
    """Nested messages, flat: the fields of a field are joined to it by a dot."""
    if isinstance(data, Mapping):
        found: dict[str, list[str]] = {}
        for field, inner in data.items():
            found |= _by_field(inner, f"{path}.{field}" if path else str(field))
        return found
    return {path: [str(item) for item in data] if isinstance(data, list) else [str(data)]}
