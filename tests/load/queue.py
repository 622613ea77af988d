"""`make bench QUEUE="load_10k load_1m"`: the queue's pages on several databases, filled by `make load ROWS=…`.

Each page goes through the whole of Django: sign-in, rights, audit trail, template. The databases are asked in turns, in
blocks, so that what disturbs the machine disturbs all of them alike; milliseconds that were computed are told beside
those of the clock. Every round asks as another dermatologist of the largest clinic; what a round claims it gives back.
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
from typing import Any, NamedTuple

import django

from tests.load.figures import percentile

BLOCK = 10  # rounds on one database before the next one's turn
WARM_UP = 3  # rounds that are not counted, in front of each block
# A page costs what it shows, so the rows are told too: the second filter shows few of 10,000 cases where 2 % wait.
PAGES = {
    "first page": "/worklist/?view=flagged",
    "filtered page": "/worklist/?view=all&tier=routine&min_malignancy=0.01",
    "filtered by site too": "/worklist/?view=all&tier=soon&site=back&min_malignancy=0.2",
    "slider count": "/worklist/?view=all&threshold=0.35",
}
NEXT = "next case"

Round = Callable[[], Any]


class Cost(NamedTuple):
    """Milliseconds of one answer: by the clock, and computed."""

    clock: float
    cpu: float


def measure(names: list[str], rounds: int) -> dict[str, dict[str, Any]]:
    """Milliseconds of each page on each database, how many queries it took, and what the database holds."""
    times: dict[str, dict[str, list[Cost]]] = {name: defaultdict(list) for name in names}
    facts: dict[str, dict[str, Any]] = {}
    for name in names:
        turn_to(name)
        visitors = _visitors()
        facts[name] = _facts(visitors[0])
    for start in range(0, rounds, BLOCK):
        for name in names:
            turn_to(name)
            visitors = _visitors()
            for _ in range(WARM_UP):  # the connection is new, and what it asks first is not in its memory
                _pages(visitors[0])
            for number in range(start, min(start + BLOCK, rounds)):
                for page, cost in _pages(visitors[number % len(visitors)]).items():
                    times[name][page].append(cost)
    return {name: facts[name] | {"pages": told(times[name], facts[name].pop("asked"))} for name in names}


def told(times: dict[str, list[Cost]], asked: dict[str, dict[str, int]]) -> dict[str, dict[str, Any]]:
    return {page: _figures(costs) | {"n": len(costs)} | asked[page] for page, costs in times.items()}


def _figures(costs: list[Cost]) -> dict[str, float]:
    by_clock, on_cpu = zip(*costs, strict=True)
    figures = {"p50": median(by_clock), "p95": percentile(by_clock, 0.95)}
    figures |= {"cpu_p50": median(on_cpu), "cpu_p95": percentile(on_cpu, 0.95)}
    return {name: round(value, 1) for name, value in figures.items()}


def turn_to(name: str) -> None:
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


def _pages(visitor: Any) -> dict[str, Cost]:
    times = {page: timed(lambda address=address: _got(visitor.get(address)))[0] for page, address in PAGES.items()}
    times[NEXT], answer = timed(lambda: visitor.post("/worklist/next/"))
    _give_back(visitor, answer)
    return times


def timed(act: Round) -> tuple[Cost, Any]:
    start, on_cpu = time.perf_counter(), _on_cpu()
    answer = act()
    return Cost(1000 * (time.perf_counter() - start), 1000 * (_on_cpu() - on_cpu)), answer


def _on_cpu() -> float:
    """Seconds that this process and its server process have computed: others on the machine do not inflate them."""
    from django.db import connection

    connection.ensure_connection()
    server = Path(f"/proc/{connection.connection.get_backend_pid()}/schedstat")
    try:
        return time.process_time() + int(server.read_text().split()[0]) / 1e9
    except OSError:  # it is on another machine, or this one does not say
        return time.process_time()


def _got(answer: Any) -> Any:
    if answer.status_code != 200 or b"data-case=" not in answer.content:
        raise RuntimeError(f"{answer.request['PATH_INFO']} answered {answer.status_code}, or showed no case")
    return answer


def _give_back(visitor: Any, answer: Any) -> None:
    if "/reading/" not in answer["Location"]:
        raise RuntimeError("No case could be claimed.")
    visitor.post(answer["Location"].replace("/reading/", "/release/"))


def _facts(visitor: Any) -> dict[str, Any]:
    from cases.models import Case, QueueTally
    from cases.services.queue import ensure_sound

    ensure_sound()
    asked = {page: counted(lambda address=address: visitor.get(address))[0] for page, address in PAGES.items()}
    asked[NEXT], answer = counted(lambda: visitor.post("/worklist/next/"))
    _give_back(visitor, answer)
    held = Case.objects.of_clinic(_clinic_of(visitor))
    return {
        "cases": Case.objects.count(),
        "waiting": Case.objects.waiting().count(),
        "in the clinic": held.count(),
        "waiting there": held.waiting().count(),
        "tally rows": QueueTally.objects.count(),
        "asked": asked,
    }


def counted(act: Round) -> tuple[dict[str, int], Any]:
    """How often the database is asked for the answer, and how many cases or patients that shows; and the answer."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as asked:
        answer = act()
    untold = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
    queries = sum(not query["sql"].startswith(untold) for query in asked)
    return {
        "queries": queries,
        "rows": answer.content.count(b"data-case=") or answer.content.count(b"row-link"),
    }, answer


def _clinic_of(visitor: Any) -> Any:
    from cases.models import User

    return User.objects.get(pk=visitor.session["_auth_user_id"]).clinic


def table(measured: dict[str, dict[str, Any]]) -> str:
    """Each database beside the first: what a page costs by the clock and computed, p95 and its ratio."""
    head = f"{'queries':>9}{'rows':>6}{'p50':>9}{'p95':>9}{'ratio':>7}{'cpu p50':>10}{'cpu p95':>9}{'ratio':>7}"
    lines = [f"{'ms':24}{head}"]
    first = next(iter(measured.values()))["pages"]
    for name, found in measured.items():
        lines.append(f"{name}: {found['cases']:,} cases, {found['waiting']:,} waiting")
        for page, kept in found["pages"].items():
            clock, cpu = (kept[share] / first[page][share] for share in ("p95", "cpu_p95"))
            times = f"{kept['p50']:9.0f}{kept['p95']:9.0f}{clock:7.2f}{kept['cpu_p50']:10.0f}{kept['cpu_p95']:9.0f}{cpu:7.2f}"
            lines.append(f"  {page:22}{kept['queries']:9}{kept['rows']:6}{times}")
    return "\n".join(lines)


def run(measure: Callable[[list[str], int], dict[str, dict[str, Any]]], about: str | None) -> int:
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("databases", nargs="+", help="names on the server of DATABASE_URL; the first is the yardstick")
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--out", type=Path, help="where the figures are kept as JSON")
    arguments = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "skinclinic.settings.development")
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    django.setup()
    measured = measure(arguments.databases, arguments.rounds)
    print(table(measured))
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(json.dumps(measured, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(run(measure, __doc__))
