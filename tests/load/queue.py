"""`make bench QUEUE="load_10k load_1m"`: the queue's pages on several databases, filled by `make load ROWS=…`.

Each page goes through the whole of Django: sign-in, rights, audit trail, template. The databases are asked in turns, in
blocks, so that what disturbs the machine disturbs all of them alike. Every round asks as another dermatologist of the
largest clinic; what a round claims it gives back.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import django

from tests.load.figures import percentile

BLOCK = 10  # rounds on one database before the next one's turn
WARM_UP = 3  # rounds that are not counted, in front of each block
PAGES = {
    "first page": "/worklist/?view=flagged",
    "filtered page": "/worklist/?view=all&tier=soon&site=back&min_malignancy=0.2",
    "slider count": "/worklist/?view=all&threshold=0.35",
}
NEXT = "next case"

Round = Callable[[], Any]


def measure(names: list[str], rounds: int) -> dict[str, dict[str, Any]]:
    """Milliseconds of each page on each database, how many queries it took, and what the database holds."""
    times: dict[str, dict[str, list[float]]] = {name: defaultdict(list) for name in names}
    facts: dict[str, dict[str, Any]] = {}
    for name in names:
        _turn_to(name)
        visitors = _visitors()
        facts[name] = _facts(visitors[0])
    for start in range(0, rounds, BLOCK):
        for name in names:
            _turn_to(name)
            visitors = _visitors()
            for _ in range(WARM_UP):  # the connection is new, and what it asks first is not in its memory
                _pages(visitors[0])
            for number in range(start, min(start + BLOCK, rounds)):
                for page, ms in _pages(visitors[number % len(visitors)]).items():
                    times[name][page].append(ms)
    return {name: facts[name] | {"pages": _told(times[name], facts[name].pop("queries"))} for name in names}


def _told(times: dict[str, list[float]], queries: dict[str, int]) -> dict[str, dict[str, Any]]:
    return {
        page: {
            "p50": round(median(values), 1),
            "p95": round(percentile(values, 0.95), 1),
            "n": len(values),
            "queries": queries[page],
        }
        for page, values in times.items()
    }


def _turn_to(name: str) -> None:
    from django.db import connection

    connection.close()
    connection.settings_dict["NAME"] = name


def _visitors() -> list[Any]:
    """A browser for each dermatologist of the clinic with the most cases."""
    from django.test import Client

    from cases.models import User

    visitors = []
    for user in User.objects.filter(membership__clinic__slug="load-west", membership__role="dermatologist"):
        visitor = Client(SERVER_NAME="127.0.0.1")
        visitor.force_login(user)
        visitors.append(visitor)
    return visitors


def _pages(visitor: Any) -> dict[str, float]:
    times = {page: _timed(lambda address=address: _got(visitor.get(address)))[0] for page, address in PAGES.items()}
    times[NEXT], answer = _timed(lambda: visitor.post("/worklist/next/"))
    _give_back(visitor, answer)
    return times


def _timed(act: Round) -> tuple[float, Any]:
    start = time.perf_counter()
    answer = act()
    return 1000 * (time.perf_counter() - start), answer


def _got(answer: Any) -> Any:
    if answer.status_code != 200 or b"data-case=" not in answer.content:
        raise RuntimeError(f"{answer.request['PATH_INFO']} answered {answer.status_code}, or showed no case")
    return answer


def _give_back(visitor: Any, answer: Any) -> None:
    if "/reading/" not in answer["Location"]:
        raise RuntimeError("No case could be claimed.")
    visitor.post(answer["Location"].replace("/reading/", "/release/"))


def _facts(visitor: Any) -> dict[str, Any]:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from cases.models import Case, QueueTally
    from cases.services.queue import ensure_sound

    ensure_sound()
    queries = {}
    for page, address in PAGES.items():
        with CaptureQueriesContext(connection) as asked:
            visitor.get(address)
        queries[page] = _reads_and_writes(asked)
    with CaptureQueriesContext(connection) as asked:
        answer = visitor.post("/worklist/next/")
    queries[NEXT] = _reads_and_writes(asked)
    _give_back(visitor, answer)
    held = Case.objects.of_clinic(_clinic_of(visitor))
    return {
        "cases": Case.objects.count(),
        "waiting": Case.objects.waiting().count(),
        "in the clinic": held.count(),
        "waiting there": held.waiting().count(),
        "tally rows": QueueTally.objects.count(),
        "queries": queries,
    }


def _reads_and_writes(asked: Any) -> int:
    return sum(not query["sql"].startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")) for query in asked)


def _clinic_of(visitor: Any) -> Any:
    from cases.models import User

    return User.objects.get(pk=visitor.session["_auth_user_id"]).clinic


def table(measured: dict[str, dict[str, Any]]) -> str:
    lines = [f"{'':28}{'p50':>9}{'p95':>9} ms{'queries':>9}{'p95 ÷ first':>13}"]
    first = next(iter(measured.values()))["pages"]
    for name, found in measured.items():
        lines.append(f"{name}: {found['cases']:,} cases, {found['waiting']:,} waiting")
        for page, told in found["pages"].items():
            ratio = told["p95"] / first[page]["p95"]
            lines.append(f"  {page:26}{told['p50']:9.1f}{told['p95']:9.1f}{told['queries']:12}{ratio:13.2f}")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("databases", nargs="+", help="names on the server of DATABASE_URL; the first is the yardstick")
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--out", type=Path, help="where the figures are kept as JSON")
    arguments = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "skinclinic.settings.development")
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    django.setup()
    measured = measure(arguments.databases, arguments.rounds)
    print(table(measured))
    text = json.dumps(measured, indent=2)
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(text + "\n")
    else:
        print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
