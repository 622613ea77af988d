"""What each of several processes that share the tests works on alone: a data folder, and a number of the Redis."""

import re
from collections.abc import MutableMapping
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

PROCESS = "PYTEST_XDIST_WORKER"  # gw0, gw1, …: set by pytest-xdist, and handed on to every command that a test starts
LAST = 15  # a Redis has 16 unless it was told otherwise
TAKEN = "SKINCLINIC_TESTS_SHARE"  # whose share the environment holds, so that such a command takes no second one


def take_share(environment: MutableMapping[str, str], folder: Path) -> None:
    """Point ``environment`` at ``folder`` and at this process's own broker; with one process, only where it is silent.

    pytest-django names the databases by itself. The first process keeps the number of the Redis that was given, each
    other one counts on from there. Raises ``ValueError`` where a Redis has no such number.
    """
    process = environment.get(PROCESS, "")
    if not process:
        environment.setdefault("DATA_DIR", str(folder))
        return
    if environment.get(TAKEN) == process:
        return
    environment[TAKEN] = process
    environment["DATA_DIR"] = str(folder)
    broker = environment.get("CELERY_BROKER_URL", "")
    if broker.startswith("redis"):
        environment["CELERY_BROKER_URL"] = _counted_on(broker, int(re.sub(r"\D", "", process)))


def redis_number(url: str) -> int:
    """The number of the database in a Redis address; 0 where it names none. Raises ``ValueError`` for a socket's."""
    number = urlsplit(url).path.strip("/") or "0"
    if not number.isdecimal():
        raise ValueError(f"{url} names no number of a Redis; give redis://HOST:PORT/NUMBER, or run with JOBS=1.")
    return int(number)


def _counted_on(url: str, by: int) -> str:
    number = redis_number(url) + by
    if number > LAST:
        raise ValueError(f"{url} has no number {number}: give one of at most {LAST - by}, or run with JOBS=1.")
    return urlunsplit(urlsplit(url)._replace(path=f"/{number}"))
