"""Pages that hold still: a cursor remembers the last row itself, not how many rows came before it."""

import base64
import binascii
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError as ModelValidationError
from django.db.models import Model, Q, QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

PAGE_SIZE = 50
LARGEST_PAGE = 200

_LONGEST_CURSOR = 500  # characters; ours have some 150
_YEARS = range(1900, 2200)  # beyond, a change of time zone may leave the calendar


class NewestFirst(BasePagination):
    """Rows by `order`, newest first. The last of its fields must be unique, so that no two rows share a place."""

    order: Sequence[str] = ("created_at", "id")

    def paginate_queryset(self, queryset: QuerySet, request: Request, view: Any = None) -> list[Model]:
        self.request = request
        size = page_size(request)
        cursor = request.query_params.get("cursor")
        if cursor:
            queryset = queryset.filter(self._after(queryset.model, read_cursor(cursor)))
        rows = list(queryset.order_by(*(f"-{field}" for field in self.order))[: size + 1])
        self.next_cursor = self._cursor(rows[size - 1]) if len(rows) > size else None
        return rows[:size]

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"next": next_link(self.request, self.next_cursor), "results": data})

    def _cursor(self, row: Model) -> str:
        return write_cursor([row._meta.get_field(field).value_to_string(row) for field in self.order])

    def _after(self, model: type[Model], place: list[str]) -> Q:
        """Rows that come later in the list: an earlier first field, or the same one and an earlier second …"""
        values = self._values(model, place)
        condition, same = Q(pk__in=[]), Q()
        for field, value in zip(self.order, values, strict=True):
            condition |= same & Q(**{f"{field}__lt": value})
            same &= Q(**{field: value})
        return condition

    def _values(self, model: type[Model], place: list[str]) -> list[Any]:
        try:
            fields = [model._meta.get_field(field) for field in self.order]
            values = [field.to_python(text) for field, text in zip(fields, place, strict=True)]
            return [sound_moment(value) if isinstance(value, datetime) else value for value in values]
        except (ModelValidationError, TypeError, ValueError, OverflowError):
            raise bad_cursor()

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return SCHEMA_PARAMETERS

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["next", "results"],
            "properties": {
                "next": {"type": ["string", "null"], "format": "uri", "description": "null on the last page"},
                "results": schema,
            },
        }


class AuditOrder(NewestFirst):
    order = ("seq",)  # unique within the one clinic that a list shows


SCHEMA_PARAMETERS: list[dict[str, Any]] = [
    {
        "name": "cursor",
        "in": "query",
        "required": False,
        "description": "Where the page starts; follow `next` instead of making one.",
        "schema": {"type": "string"},
    },
    {
        "name": "page_size",
        "in": "query",
        "required": False,
        "description": "Rows on a page.",
        "schema": {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE, "default": PAGE_SIZE},
    },
]


def page_size(request: Request) -> int:
    text = request.query_params.get("page_size", str(PAGE_SIZE))
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= LARGEST_PAGE):
        raise ValidationError({"page_size": [f"A whole number from 1 to {LARGEST_PAGE}."]})
    return int(text)


def next_link(request: Request, cursor: str | None) -> str | None:
    return cursor and replace_query_param(request.build_absolute_uri(), "cursor", cursor)


def write_cursor(place: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> list[Any]:
    if len(cursor) > _LONGEST_CURSOR:
        raise bad_cursor()
    try:
        place = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        raise bad_cursor()
    if not isinstance(place, list):
        raise bad_cursor()
    return place


def sound_moment(moment: datetime) -> datetime:
    """The moment itself if every database can compare it; ValueError otherwise."""
    if moment.tzinfo is None or moment.year not in _YEARS:
        raise ValueError("a moment without its time zone, or out of reach")
    return moment


def bad_cursor() -> ValidationError:
    return ValidationError({"cursor": ["This is no cursor of this list; start again without one."]})
