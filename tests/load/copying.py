"""Rows copied straight into PostgreSQL. References are sound by their making, and not checked."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from django.db import connection, models

# To look each of some ten million references up takes longest.
UNCHECKED = "SET LOCAL session_replication_role = replica"
_NULL = "\\N"


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
