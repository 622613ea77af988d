"""A POST that names itself by an Idempotency-Key is carried out once, however often it is sent."""

import functools
import hashlib
import json
from collections.abc import Callable
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from cases.services.idempotency import answer_once, fingerprint

HEADER = "Idempotency-Key"
Post = Callable[..., Response]


def once(post: Post) -> Post:
    """Wrap a `post` so that the same key brings the same answer; without the header it is called as it is.

    The view's `prepare` runs before either, with the same arguments and outside the transaction.
    """

    @functools.wraps(post)
    def wrapper(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        prepare = functools.partial(view.prepare, request, *args, **kwargs)
        if HEADER not in request.headers:
            prepare()
            return post(view, request, *args, **kwargs)
        fresh: list[Response] = []

        def act() -> tuple[int, Any]:
            fresh.append(post(view, request, *args, **kwargs))
            return fresh[0].status_code, json.loads(JSONRenderer().render(fresh[0].data))

        status, body = answer_once(
            user=request.user,
            key=request.headers[HEADER].strip(),
            fingerprint=_fingerprint(request),
            act=act,
            prepare=prepare,
        )
        return fresh[0] if fresh else Response(body, status=status, headers={"Idempotent-Replayed": "true"})

    wrapper.honours_idempotency_key = True  # type: ignore[attr-defined]  # read by the test of conventions
    return wrapper


def _fingerprint(request: Request) -> str:
    """Of the request and of who asks: after a change of clinic or role the kept answer is nobody's to see."""
    clinic = str(request.user.clinic.pk) if request.user.clinic else ""
    parts = (clinic, request.user.role, request.method, request.get_full_path(), _canonical(request.data))
    return fingerprint(*(part.encode() for part in parts))


def _canonical(data: Any) -> str:
    """A form is known by its fields and files: its boundary is new each time it is sent."""
    if isinstance(data, QueryDict):
        data = {name: [_digest(value) for value in data.getlist(name)] for name in data}
    return json.dumps(data, sort_keys=True, default=str)


def _digest(value: Any) -> Any:
    if not isinstance(value, UploadedFile):
        return value
    digest = hashlib.sha256()
    for chunk in value.chunks():
        digest.update(chunk)
    value.seek(0)
    return {"sha256": digest.hexdigest()}
