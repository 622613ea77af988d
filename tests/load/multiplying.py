"""Drawn rows, multiplied by the database: several tables side by side, their indexes off until all rows are there."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

from django.db import connection, models, transaction

from cases.models import Analysis, Case, Lesion, LesionImage, Patient, Prediction, QualityCheck, Read, RetakeRequest
from tests.load.copying import UNCHECKED

# The widest first, so that none of them is left over at the end.
COPIED = (LesionImage, Analysis, Prediction, Case, Read, QualityCheck, Lesion, Patient, RetakeRequest)
SIDE_BY_SIDE = 4  # tables
APART = 7  # minutes between a row and its next copy
SCATTER = 2_654_435_761  # odd: no two numbers below 2³² become one


def multiply(times: int) -> Iterator[tuple[str, float]]:
    """Every drawn row so many times in all, under ids of their own; gives each table and its seconds as it is done."""
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        yield from pool.map(lambda model: _multiplied(model, times), COPIED)


def _multiplied(model: type[models.Model], times: int) -> tuple[str, float]:
    start, table = time.perf_counter(), model._meta.db_table
    fields = [field for field in model._meta.concrete_fields if not field.generated]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    values = ", ".join(_again(field) for field in fields)
    with closing(connection), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"{UNCHECKED}; SET LOCAL statement_timeout = 0; SET LOCAL maintenance_work_mem = '256MB'")
        indexes = _indexes_off(cursor, table)
        cursor.execute(f"CREATE TEMPORARY TABLE drawn ON COMMIT DROP AS SELECT * FROM {table}")
        # A turn after the other: their ids, and so their places in each index, lie together.
        turns = f"generate_series(1, {times - 1}) AS turn, LATERAL (SELECT * FROM drawn WHERE turn > 0) AS again"
        cursor.execute(f"INSERT INTO {table} ({columns}) SELECT {values} FROM {turns}")
        for definition in indexes:
            cursor.execute(definition)
    return table, time.perf_counter() - start


def _indexes_off(cursor: Any, table: str) -> list[str]:
    """How to make those anew that no constraint stands on."""
    cursor.execute(
        "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index i WHERE indrelid = %s::regclass"
        " AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid)",
        [table],
    )
    found = cursor.fetchall()
    for name, _ in found:
        cursor.execute(f"DROP INDEX {name}")
    return [definition for _, definition in found]


def _again(field: models.Field) -> str:
    if field.primary_key or field.related_model in COPIED:
        return f"(lpad(to_hex(turn), 4, '0') || substr(md5({field.column}::text || turn), 5))::uuid"
    if isinstance(field, models.DateTimeField):
        return f"{field.column} - turn * interval '{APART} minutes'"
    if field.name == "identifier":
        return "identifier || '-' || turn"
    if field.name == "pseudonym":
        moved = f"(turn::bigint << 20) * {SCATTER} % 4294967296"
        number = "('x' || substr(pseudonym, 3))::bit(32)::bigint"
        return f"'P-' || lpad(to_hex(({number} + {moved}) % 4294967296), 8, '0')"
    return f'"{field.column}"'
