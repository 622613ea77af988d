"""Rows copied straight into PostgreSQL, and multiplied there. References are sound by their making, and not checked."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from django.db import connection, models, transaction

from cases.models import Analysis, Case, Lesion, LesionImage, Patient, Prediction, QualityCheck, Read, RetakeRequest

COPIED = (Patient, Lesion, Case, LesionImage, QualityCheck, Analysis, Prediction, Read, RetakeRequest)
# To look each of some ten million references up takes longest.
UNCHECKED = "SET LOCAL session_replication_role = replica"
SCATTER = 2_654_435_761  # odd: no two numbers below 2³² become one
_NULL = "\\N"
_ORIGINAL = "_drawn"  # the rows that were drawn, kept aside


class Copier:
    """Rows of one table. What is the same in all of them is said once; each row says what differs."""

    def __init__(self, model: type[models.Model], **same: Any) -> None:
        fields = [field for field in model._meta.concrete_fields if not field.generated]
        sample = model(**same)
        self._same = [_text(field, getattr(sample, field.attname)) for field in fields]
        self._places = {field.attname: place for place, field in enumerate(fields)}
        columns = ", ".join(f'"{field.column}"' for field in fields)
        self._command = f"COPY {model._meta.db_table} ({columns}) FROM STDIN (FORMAT csv, NULL '{_NULL}')"

    def copy(self, rows: Iterable[Mapping[str, Any]]) -> None:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        for row in rows:
            line = self._same.copy()
            for name, value in row.items():
                line[self._places[name]] = _NULL if value is None else value
            writer.writerow(line)
        text.seek(0)
        with connection.cursor() as cursor:
            cursor.copy_expert(self._command, text)


def _text(field: models.Field, value: Any) -> Any:
    if value is None and (getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False)):
        return datetime.now(UTC)
    if value is None:
        return _NULL
    return json.dumps(value) if isinstance(field, models.JSONField) else value


def multiply(number: int) -> None:
    """Every drawn row once more, under ids of its own and a few minutes earlier."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(UNCHECKED)
        for model in COPIED:
            table = model._meta.db_table
            cursor.execute(f"CREATE TEMPORARY TABLE IF NOT EXISTS {table}{_ORIGINAL} AS SELECT * FROM {table}")
            fields = [field for field in model._meta.concrete_fields if not field.generated]
            columns = ", ".join(f'"{field.column}"' for field in fields)
            values = ", ".join(_again(field, number) for field in fields)
            cursor.execute(f"INSERT INTO {table} ({columns}) SELECT {values} FROM {table}{_ORIGINAL}")


def _again(field: models.Field, number: int) -> str:
    if field.primary_key or field.related_model in COPIED:
        return f"md5({field.column}::text || '{number}')::uuid"
    if isinstance(field, models.DateTimeField):
        return f"{field.column} - interval '{number * 7} minutes'"
    if field.name == "identifier":
        return f"identifier || '-{number}'"
    if field.name == "pseudonym":
        moved = (number << 20) * SCATTER % 2**32
        return f"'P-' || lpad(to_hex((('x' || substr(pseudonym, 3))::bit(32)::bigint + {moved}) % 4294967296), 8, '0')"
    return f'"{field.column}"'
