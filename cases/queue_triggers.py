"""The queue's places follow from the cases by triggers: whoever writes a case, by whatever way, moves its places too.

One statement says what the places ought to be. The triggers apply it to one case, `rebuild` to all, `differences` asks
whether the two agree, and `amiss` whether the triggers are on. SQLite rebuilds a table that a migration alters, and
forgets its triggers thereby: they are taken off before a migration and put back after it.
"""

import time

from django.db import OperationalError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from cases.queue_filling import COLUMNS, COUNTED, KIND, MEMORY, NEW_ID, fill, is_empty, run

_LINED_UP = "('ready', 'in_review', 'awaiting_images', 'second_read', 'adjudication')"
_ATTEMPTS, _PAUSE = 40, 0.25  # seconds; with the waits in between half a minute

# 1e-9: 0.29 × 100 is a little less than 29.
_BAND = {
    "postgresql": "floor(c.malignancy * 100 + 1e-9)::smallint",
    "sqlite": "CAST(c.malignancy * 100 + 1e-9 AS INTEGER)",
}
_CLOCK = {
    "postgresql": """extract(epoch FROM CASE WHEN c.paused_at IS NULL THEN c.waiting_since - 'epoch'::timestamptz
                     ELSE c.waiting_since - c.paused_at END)::float8""",
    "sqlite": "(julianday(c.waiting_since) - coalesce(julianday(c.paused_at), 2440587.5)) * 86400.0",
}
_HEX = {"postgresql": "replace({}::text, '-', '')", "sqlite": "{}"}


def places(vendor: str, which: str) -> str:
    """A SELECT of what the places ought to be, for the cases `c` for which `which` holds."""
    waits = f"c.state IN {_LINED_UP} AND c.waiting_since IS NOT NULL AND {which}"
    images = "cases_case c JOIN cases_lesionimage i ON i.case_id = c.id"
    reader, version = (_HEX[vendor].format(column) for column in ("c.claimed_by_id", "a.model_version_id"))
    replaced = "EXISTS (SELECT 1 FROM cases_lesionimage r WHERE r.replaces_id = i.id)"
    return f"""
        SELECT c.id AS case_id, p.clinic_id, l.line, c.state, c.tier,
               CASE WHEN c.malignancy IS NULL THEN -1 ELSE {_BAND[vendor]} END AS band,
               c.flagged, c.silent, {_CLOCK[vendor]} AS clock, c.malignancy
        FROM cases_case c JOIN cases_patient p ON p.id = c.patient_id JOIN (
            SELECT c.id AS case_id, '' AS line FROM cases_case c WHERE {waits}
            UNION SELECT c.id, 'site:' || s.site FROM {images} JOIN cases_lesion s ON s.id = i.lesion_id WHERE {waits}
            UNION SELECT c.id, 'reader:' || {reader} FROM cases_case c WHERE c.claimed_by_id IS NOT NULL AND {waits}
            UNION SELECT c.id, 'model:' || {version} FROM {images} JOIN cases_analysis a ON a.image_id = i.id
                WHERE a.state = 'succeeded' AND NOT {replaced} AND {waits}
        ) l ON l.case_id = c.id
        WHERE {waits}
    """


def amiss(connection: BaseDatabaseWrapper) -> list[str]:
    """The triggers that are missing, switched off, or of another text than they ought to be."""
    present = _installed(connection)
    return sorted(name for name, text in _texts(connection.vendor).items() if present.get(name) != text)


def uninstall(connection: BaseDatabaseWrapper) -> None:
    """All off or none: half of them would keep half of the places."""
    present = _installed(connection)
    on_table = " ON {1}" if connection.vendor == "postgresql" else ""
    with transaction.atomic(using=connection.alias):
        for name, table in ((name, table) for name, table in _TABLE_OF.items() if name in present):
            run(connection, f"DROP TRIGGER {{0}}{on_table}".format(name, table))


def rebuild(connection: BaseDatabaseWrapper) -> None:
    """All places and tallies anew from the cases, and the triggers on: together or not at all.

    Were the triggers there before the places, a rebuild that failed would leave an empty queue that looks looked after.
    """
    with transaction.atomic(using=connection.alias):
        _hold_still(connection)
        fill(connection, places(connection.vendor, "1 = 1"))
        _install(connection)


def _hold_still(connection: BaseDatabaseWrapper) -> None:
    """Nobody changes what places are made of, and no trigger counts the places that are about to be made."""
    if connection.vendor == "sqlite":  # where one writes at a time
        uninstall(connection)
        return
    run(connection, "SET LOCAL statement_timeout = 0")  # a million cases take as long as it takes
    _lock_tables(connection)
    run(
        connection,
        "SET CONSTRAINTS ALL IMMEDIATE",  # a table with checks outstanding cannot be altered
        "ALTER TABLE cases_queueplace DISABLE TRIGGER USER",
    )


def _lock_tables(connection: BaseDatabaseWrapper) -> None:
    """Pages go on reading. Where a writer is in the way, the rebuild gives way and comes again.

    It does so sooner than the database looks for a deadlock (1 s): its victim might be somebody who signs a read.
    """
    tables = ", ".join(sorted(set(_TABLE_OF.values())))
    for left in reversed(range(_ATTEMPTS)):
        try:
            with transaction.atomic(using=connection.alias):
                run(
                    connection,
                    "SET LOCAL lock_timeout = '500ms'",
                    f"LOCK TABLE {tables} IN SHARE ROW EXCLUSIVE MODE",
                )
                if is_empty(connection):  # its indexes will be made at the end
                    run(connection, "LOCK TABLE cases_queueplace IN ACCESS EXCLUSIVE MODE")
            return
        except OperationalError:
            if not left:
                raise
            time.sleep(_PAUSE)


def _install(connection: BaseDatabaseWrapper) -> None:
    """Put on what is missing, over what is there."""
    for name, table in _TABLE_OF.items():
        head, body = _head(name), _body(connection.vendor, name)
        if connection.vendor == "sqlite":
            run(connection, _on_sqlite(head, body))
        else:
            run(connection, *_on_postgresql(name, table, head, body))


def differences(connection: BaseDatabaseWrapper) -> tuple[int, int]:
    """How many places are not what the cases say, and how many tallies are not what the places say."""
    tallied = f"SELECT {KIND}, sum(change) AS n FROM cases_queuetally GROUP BY {KIND} HAVING sum(change) <> 0"
    with transaction.atomic(using=connection.alias):
        if connection.vendor == "postgresql":
            run(connection, "SET LOCAL statement_timeout = 0", *MEMORY)  # a million cases are looked at
        wrong_places = _apart(connection, COLUMNS, places(connection.vendor, "1 = 1"), "SELECT * FROM cases_queueplace")
        return wrong_places, _apart(connection, f"{KIND}, n", tallied, COUNTED)


def _apart(connection: BaseDatabaseWrapper, columns: str, one: str, other: str) -> int:
    """How many rows only one of the two has; neither has a row twice."""
    both = f"SELECT {columns} FROM ({one}) AS one UNION ALL SELECT {columns} FROM ({other}) AS other"
    apart = f"SELECT 1 FROM ({both}) AS rows_of_both GROUP BY {columns} HAVING count(*) = 1"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM ({apart}) AS apart")
        return int(cursor.fetchone()[0])


def _installed(connection: BaseDatabaseWrapper) -> dict[str, str | None]:
    """Trigger → its text as it stands in the database; none for one that is switched off."""
    known = {
        "postgresql": """
            SELECT t.tgname, CASE t.tgenabled WHEN 'O' THEN obj_description(t.oid, 'pg_trigger') || p.prosrc END
            FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
            WHERE NOT t.tgisinternal AND pg_table_is_visible(t.tgrelid)
        """,
        "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'",
    }
    with connection.cursor() as cursor:
        cursor.execute(known[connection.vendor])
        return {name: text for name, text in cursor.fetchall() if name in _TABLE_OF}


def _texts(vendor: str) -> dict[str, str]:
    """Trigger → its text as this release writes it."""
    if vendor == "sqlite":
        return {name: _on_sqlite(_head(name), _body(vendor, name)) for name in _EVENTS}
    return {name: _head(name) + _body(vendor, name) for name in _EVENTS}


# ── the triggers ──────────────────────────────────────────────────────────────────────────────────────

_CASE_COLUMNS = "state, tier, malignancy, flagged, silent, waiting_since, paused_at, claimed_by_id"
_CASE_OF_ANALYSIS = "SELECT i.case_id FROM cases_lesionimage i WHERE i.id = NEW.image_id"
_CASES_OF_LESION = "SELECT i.case_id FROM cases_lesionimage i WHERE i.lesion_id = NEW.id"
# Trigger → its table, the event, and the case that the row belongs to.
_EVENTS: dict[str, tuple[str, str, str]] = {
    "queue_case_insert": ("cases_case", "INSERT", "NEW.id"),
    "queue_case_update": ("cases_case", f"UPDATE OF {_CASE_COLUMNS}", "NEW.id"),
    "queue_image_insert": ("cases_lesionimage", "INSERT", "NEW.case_id"),
    "queue_image_update": ("cases_lesionimage", "UPDATE OF lesion_id, replaces_id", "NEW.case_id"),
    "queue_image_delete": ("cases_lesionimage", "DELETE", "OLD.case_id"),
    "queue_analysis_insert": ("cases_analysis", "INSERT", _CASE_OF_ANALYSIS),
    "queue_analysis_update": ("cases_analysis", "UPDATE OF state", _CASE_OF_ANALYSIS),
    "queue_lesion_update": ("cases_lesion", "UPDATE OF site", _CASES_OF_LESION),
    "queue_case_delete": ("cases_case", "DELETE", "OLD.id"),
    "queue_place_insert": ("cases_queueplace", "INSERT", ""),
    "queue_place_delete": ("cases_queueplace", "DELETE", ""),
}
_TABLE_OF = {name: table for name, (table, _, _) in _EVENTS.items()}


def _refresh(vendor: str, which: str) -> list[str]:
    """Take the places away that are wrong, and add those that are missing: what is right stays untouched."""
    equals = "IS NOT DISTINCT FROM" if vendor == "postgresql" else "IS"
    same = " AND ".join(f"o.{column} {equals} cases_queueplace.{column}" for column in COLUMNS.split(", "))
    ought = places(vendor, f"c.id IN ({which})")
    remove = (
        f"DELETE FROM cases_queueplace WHERE case_id IN ({which})"
        f" AND NOT EXISTS (SELECT 1 FROM ({ought}) AS o WHERE {same})"
    )
    add = (
        f"INSERT INTO cases_queueplace (id, {COLUMNS}) SELECT {NEW_ID[vendor]}, {COLUMNS} FROM ({ought}) AS o"
        " WHERE NOT EXISTS (SELECT 1 FROM cases_queueplace q WHERE q.case_id = o.case_id AND q.line = o.line)"
    )
    return [remove, add]


def _tally(row: str, change: int) -> str:
    kept = ", ".join(f"{row}.{column}" for column in KIND.split(", "))
    return f"INSERT INTO cases_queuetally (id, {KIND}, change) VALUES ({{new_id}}, {kept}, {change})"


def _head(name: str) -> str:
    table, event, _ = _EVENTS[name]
    return f"TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW {_when(name)}"


def _body(vendor: str, name: str) -> str:
    if name.startswith("queue_place"):
        row, change = ("NEW", 1) if name.endswith("insert") else ("OLD", -1)
        statements = [_tally(row, change).format(new_id=NEW_ID[vendor])]
    else:
        statements = _refresh(vendor, _EVENTS[name][2])
    lock, done = (_lock(name), " RETURN NULL; END") if vendor == "postgresql" else ("", " END")
    return f"BEGIN {lock} {';'.join(statements)};{done}"


def _on_sqlite(head: str, body: str) -> str:
    return f"CREATE {head} {body}"


def _on_postgresql(name: str, table: str, head: str, body: str) -> list[str]:
    """The head goes into the trigger's comment too: the database gives it back in its own words only."""
    quoted = head.replace("'", "''")
    path = "SET search_path FROM CURRENT"  # what restores a dump has none of its own
    return [
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql {path} AS $${body}$$",
        f"CREATE OR REPLACE {head} EXECUTE FUNCTION {name}()",
        f"ALTER TABLE {table} ENABLE TRIGGER {name}",
        f"COMMENT ON TRIGGER {name} ON {table} IS '{quoted}'",
    ]


def _when(name: str) -> str:
    """A case that neither waited nor waits has no place to be looked after."""
    return {
        "queue_case_insert": f"WHEN (NEW.state IN {_LINED_UP})",
        "queue_case_update": f"WHEN (OLD.state IN {_LINED_UP} OR NEW.state IN {_LINED_UP})",
        "queue_analysis_update": "WHEN (NEW.state = 'succeeded' OR OLD.state = 'succeeded')",
        "queue_analysis_insert": "WHEN (NEW.state = 'succeeded')",
    }.get(name, "")


def _lock(name: str) -> str:
    """Whoever changes a case holds its row; what hangs on it is looked at under the same lock."""
    if name.startswith(("queue_case", "queue_place")):
        return ""
    which = _EVENTS[name][2]
    return f"PERFORM 1 FROM cases_case c WHERE c.id IN ({which}) AND c.state IN {_LINED_UP} FOR NO KEY UPDATE;"
