"""Search by parts of names on PostgreSQL: one index of their three-letter parts, and of those of pseudonyms.

It needs the extension pg_trgm, which not every server has and not every role may switch on. So it stands beside the
schema: made after each migration where it is missing and can be made. Without it, and on SQLite, a search reads the
patients of the clinic one by one, and finds the same ones.
"""

import logging

from django.db import DatabaseError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

logger = logging.getLogger(__name__)

NAME = "patient_by_parts"
_PARTS = ("given_key", "family_key", "upper(pseudonym::text)")  # as Django asks for them
_WAY_OUT = (
    "have an administrator of the server run `CREATE EXTENSION pg_trgm` in this database, then `manage.py migrate`"
)


def ensure(connection: BaseDatabaseWrapper) -> None:
    """Make the index where it is missing; where it cannot be made, say so and go on."""
    if connection.vendor != "postgresql" or is_there(connection):
        return
    columns = ", ".join(f"{part} gin_trgm_ops" for part in _PARTS)
    try:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '30s'")
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            cursor.execute(f"CREATE INDEX {NAME} ON cases_patient USING gin ({columns})")
    except DatabaseError as error:
        reason = str(error).splitlines()[0]
        logger.warning("search: no index of names could be made (%s); to make it quick, %s", reason, _WAY_OUT)


def is_there(connection: BaseDatabaseWrapper) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [NAME])
        return cursor.fetchone()[0]


def how(connection: BaseDatabaseWrapper) -> str:
    """How names are searched, for whoever looks after the clinic."""
    if connection.vendor != "postgresql":
        return "names are searched one by one"
    return "names are searched by their index" if is_there(connection) else f"slow, without an index: {_WAY_OUT}"
