"""The details of an event as people read them: words for codes, and long ids shortened."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django import template
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format

from cases.selectors.trail_names import short
from cases.vocabulary import Role

register = template.Library()

_LABELS = {
    "abstain_reason": "refused for",
    "also": "also filed as image",
    "after": "after",
    "fields": "changed",
    "from": "from",
    "idle": "because nobody touched it",
    "of": "of at most",
    "sha256": "SHA-256",
    "same_bytes": "the same file",
    "veil": "veiled for",
}
_HASH = re.compile(r"[0-9a-f]{40,}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT")
_CODE = re.compile(r"[a-z]+(_[a-z0-9]+)+")


class Detail(NamedTuple):
    """`object` is the id of a thing with a trail of its own; `hash` is shown short, and whole where it is focused."""

    label: str
    text: str
    object: str = ""
    hash: str = ""


@register.filter
def role_label(role: str) -> str:
    """In words; a role that later versions no longer know keeps its code."""
    return Role(role).label.lower() if role in Role.values else role


@register.filter
def details(payload: Mapping[str, Any]) -> list[Detail]:
    """What is empty says nothing, and is left out."""
    return [_detail(key, value) for key, value in payload.items() if value not in ("", None, [], {})]


def _detail(key: str, value: Any) -> Detail:
    label = _LABELS.get(key, key.replace("_", " "))
    if isinstance(value, str) and _is_id(value):
        return Detail(label, short(value), object=value)
    if isinstance(value, str) and _HASH.fullmatch(value):
        return Detail(label, "", hash=value)
    return Detail(label, _text(value))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_text(each) for each in value)
    if isinstance(value, str) and _MOMENT.match(value) and (moment := parse_datetime(value)):
        return _moment(moment)
    return str(value).replace("_", " ") if _CODE.fullmatch(str(value)) else str(value)


def _moment(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "j M Y, H:i")


def _is_id(value: str) -> bool:
    try:
        return str(UUID(value)) == value
    except ValueError:
        return False
