"""The queue's places and tallies from one statement that says what all of them ought to be, set against set.

On PostgreSQL what is right stays untouched, so that making nearly right places anew writes little. Where there are none
yet, the wide indexes are made when all are there: one sort instead of a search for each.
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from django.db.backends.base.base import BaseDatabaseWrapper

COLUMNS = "case_id, clinic_id, line, state, tier, band, flagged, silent, clock, malignancy"
KIND = "clinic_id, line, state, tier, band, flagged, silent"
COUNTED = f"SELECT {KIND}, count(*) AS n FROM cases_queueplace GROUP BY {KIND}"
NEW_ID = {"postgresql": "gen_random_uuid()", "sqlite": "lower(hex(randomblob(16)))"}

# However many wait, no sort and no join takes more memory than this; the rest goes through files.
MEMORY = ("SET LOCAL work_mem = '64MB'", "SET LOCAL maintenance_work_mem = '256MB'", "SET LOCAL jit = off")
_WIDE = (  # those that no constraint stands on
    "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index i"
    " WHERE indrelid = 'cases_queueplace'::regclass"
    " AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid)"
)


def fill(connection: BaseDatabaseWrapper, ought: str) -> None:
    """Make the places what `ought` selects, and the tallies what they say. The caller keeps everybody else off."""
    new_id = NEW_ID[connection.vendor]
    if connection.vendor == "postgresql":
        _fill_places(connection, ought)
    else:
        add = f"INSERT INTO cases_queueplace (id, {COLUMNS}) SELECT {new_id}, {COLUMNS} FROM ({ought}) AS ought"
        run(connection, "DELETE FROM cases_queueplace", add)
    run(
        connection,
        "DELETE FROM cases_queuetally",
        f"INSERT INTO cases_queuetally (id, {KIND}, change) SELECT {new_id}, {KIND}, n FROM ({COUNTED}) AS counted",
    )
    if connection.vendor == "postgresql":  # pages are planned by what is known of these tables
        run(connection, "ANALYZE cases_queueplace", "ANALYZE cases_queuetally")


def _fill_places(connection: BaseDatabaseWrapper, ought: str) -> None:
    same = " AND ".join(f"o.{column} IS NOT DISTINCT FROM p.{column}" for column in COLUMNS.split(", ")[1:])
    empty = is_empty(connection)
    run(
        connection,
        *MEMORY,
        f"CREATE TEMPORARY TABLE queue_ought ON COMMIT DROP AS SELECT {COLUMNS} FROM ({ought}) AS ought",
        "ANALYZE queue_ought",
        "DELETE FROM cases_queueplace p WHERE NOT EXISTS"
        f" (SELECT 1 FROM queue_ought o WHERE o.case_id = p.case_id AND o.line = p.line AND {same})",
    )
    add = f"INSERT INTO cases_queueplace (id, {COLUMNS}) SELECT {NEW_ID['postgresql']}, {COLUMNS} FROM queue_ought o"
    missing = "NOT EXISTS (SELECT 1 FROM cases_queueplace p WHERE p.case_id = o.case_id AND p.line = o.line)"
    with _indexes_at_the_end(connection) if empty else nullcontext():
        run(connection, f"{add} WHERE {missing}", "DROP TABLE queue_ought")


@contextmanager
def _indexes_at_the_end(connection: BaseDatabaseWrapper) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(_WIDE)
        wide = cursor.fetchall()
    run(connection, *(f"DROP INDEX {name}" for name, _ in wide))
    yield
    run(connection, *(definition for _, definition in wide))


def is_empty(connection: BaseDatabaseWrapper) -> bool:
    """Then no page misses anything that has to wait for the indexes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT NOT EXISTS (SELECT 1 FROM cases_queueplace)")
        return cursor.fetchone()[0]


def run(connection: BaseDatabaseWrapper, *statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
