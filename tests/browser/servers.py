"""What the running clinic keeps its data in: a database and a broker of its own, gone when the run ends."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from skinclinic.settings.sharing import redis_number
from tests.processes import FILE_BROKER

SHARING = 4  # processes at most: `make test` starts no more


@contextmanager
def own_database(folder: Path) -> Iterator[str]:
    """The address of an empty database: a new one beside DATABASE_URL's on its server, else SQLite in the folder."""
    given = os.environ.get("DATABASE_URL", "")
    if not given.startswith("postgres"):
        yield f"sqlite:///{folder / 'db.sqlite3'}"
        return
    name = f"skinclinic_browser_{secrets.token_hex(4)}"
    _on_server(given, f"CREATE DATABASE {name}")
    try:
        yield urlunsplit(urlsplit(given)._replace(path=f"/{name}"))
    finally:
        _on_server(given, f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def own_broker() -> Iterator[str]:
    """The address of an empty broker: a free number on CELERY_BROKER_URL's Redis, else files in the data folder.

    The numbers around the given one belong to the processes that share the tests.
    """
    given = os.environ.get("CELERY_BROKER_URL", "")
    if not given.startswith("redis"):
        yield FILE_BROKER
        return
    import redis

    around = redis_number(given)
    for number in (number for number in range(15, 0, -1) if abs(number - around) >= SHARING):
        url = urlunsplit(urlsplit(given)._replace(path=f"/{number}"))
        with redis.Redis.from_url(url) as connected:
            # Two processes may find the same number empty: one of them claims it.
            if connected.dbsize() or not connected.set("claimed", "by tests", nx=True, ex=6 * 3600):
                continue
            try:
                yield url
            finally:
                connected.flushdb()
            return
    raise RuntimeError(f"Every numbered database of {urlsplit(given).hostname} holds something.")


def _on_server(url: str, statement: str) -> None:
    """From the database that every server has, and outside a transaction, as PostgreSQL asks for these."""
    import psycopg2

    connection = psycopg2.connect(urlunsplit(urlsplit(url)._replace(path="/postgres")))
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
    finally:
        connection.close()
