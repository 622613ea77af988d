"""How the endpoints describe themselves: every operation says which problems it may answer with."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers

from cases.api.idempotency import HEADER
from cases.api.problems import MEDIA_TYPE


class Problem(serializers.Serializer):
    """RFC 9457. What does not apply is left out."""

    type = serializers.CharField(help_text="urn:skinclinic:problem:…, for programs.")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="A sentence a person can act on.")
    errors = serializers.DictField(child=serializers.ListField(child=serializers.CharField()), required=False)
    current = serializers.CharField(required=False, help_text="With 409: the state it is in.")
    legal = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="With 409: the states that may follow."
    )
    existing = serializers.DictField(
        child=serializers.CharField(), required=False, help_text="With 409: id and url of what was in the way."
    )
    offset = serializers.IntegerField(required=False, help_text="With 409 of an upload: where its next part begins.")


KEY_PARAMETER: dict[str, Any] = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "Sent again with the same key, a request is answered again and not carried out again.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
}
PROBLEMS = {
    400: "The body or the query is malformed, or a field is missing.",
    401: "No valid token.",
    403: "The role does not carry this act.",
    404: "There is no such thing, or not in this clinic.",
    409: "The state does not allow it; `legal` names what it does allow.",
    413: "The body is too large.",
    415: "The body is of another type.",
    422: "A rule of the clinic was not met; `errors` says which field.",
    429: "Too many attempts.",
    507: "There is no room for the file.",
}
INTRODUCTION = """Case management for a dermatology clinic, with AI triage that assists and never decides.

**Sign in** with `POST /api/v1/auth/token/` and send `Authorization: Token …` with every request.

**Errors** are RFC 9457 problems (`application/problem+json`). 400: the request is malformed or a field is missing.
422: a rule of the clinic was not met. 409: the state does not allow it, and `legal` names the states that it does.
What belongs to another clinic does not exist: it is 404.

**Send again safely**: give each POST an `Idempotency-Key` of your own (a UUID, say). The same key brings the same
answer and is carried out once; after a refusal it may be used again. Two are excepted: asking for a token, since its
answer is a secret that is not kept, and asking who a new patient may be, which changes nothing.

**A large file, or a bad connection**: send the file in parts. `POST …/uploads/` announces it, each `PATCH` carries the
bytes from `Upload-Offset` on, and `POST …/complete/` makes the image. Whatever broke off, announce it again: the answer
says from which offset to go on. A part at another offset is a 409 that names the right one.

**Lists** come in pages: follow `next` until it is null. No row is shown twice or left out because others arrived.

**Null is "unknown" or "not yet"**, never "no". An analysis that abstained or failed has no probabilities.
Squamous cell carcinoma is not among the classes.
"""
TAGS = (
    "auth",
    "patients",
    "lesions",
    "cases",
    "images",
    "uploads",
    "analyses",
    "explanations",
    "worklist",
    "worklist-filters",
    "models",
    "audit-events",
    "audit-reports",
)
_ALWAYS = (400, 401, 403, 404)
_FOR_METHOD = {"POST": (409, 413, 415, 422), "PATCH": (409, 413, 415, 422), "DELETE": (409,)}


class Description(AutoSchema):
    def get_tags(self) -> list[str]:
        return [self.path.removeprefix("/api/v1/").partition("/")[0]]

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        operation = super().get_operation(*args, **kwargs)
        if operation is None:
            return None
        handler = getattr(self.view, self.method.lower())
        if getattr(handler, "honours_idempotency_key", False):
            operation.setdefault("parameters", []).append(KEY_PARAMETER)
        operation["responses"] |= self._problems()
        return operation

    def _problems(self) -> dict[str, Any]:
        self.resolve_serializer(Problem, "response")
        codes = _ALWAYS + _FOR_METHOD.get(self.method, ())
        codes += (429,) if self.view.get_throttles() else ()
        codes += (507,) if self.view.stores_files and self.method != "GET" else ()
        return {str(code): {"$ref": f"#/components/responses/Problem{code}"} for code in codes}


def add_problems(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A POSTPROCESSING_HOOK: each kind of problem stands once in the document and is referred to."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    responses = {f"Problem{code}": {"description": text, "content": content} for code, text in PROBLEMS.items()}
    result["components"]["responses"] = responses
    return result


def add_introduction(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A POSTPROCESSING_HOOK: what holds for every address, and the topics in the order of work."""
    result["info"]["description"] = INTRODUCTION
    result["tags"] = [{"name": tag} for tag in TAGS]
    return result
