"""`make bench DESK="load_10k load_1m"`: what the front desk asks, on several databases filled by `make load ROWS=…`.

Its start page, the register, and searches: names that many or few have, parts of them, an identifier, nobody. In turns.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from tests.load.names import FAMILY, GIVEN
from tests.load.queue import BLOCK, WARM_UP, Cost, counted, run, timed, told, turn_to


def measure(names: list[str], rounds: int) -> dict[str, dict[str, Any]]:
    times: dict[str, dict[str, list[Cost]]] = {name: defaultdict(list) for name in names}
    facts: dict[str, dict[str, Any]] = {}
    for name in names:
        turn_to(name)
        facts[name] = _facts()
    for start in range(0, rounds, BLOCK):
        for name in names:
            turn_to(name)
            asked = _asked()
            for number in range(start - WARM_UP, min(start + BLOCK, rounds)):
                for what, act in asked.items():
                    cost, _ = timed(act)
                    if number >= start:
                        times[name][what].append(cost)
    return {name: facts[name] | {"pages": told(times[name], facts[name].pop("asked"))} for name in names}


def _asked() -> dict[str, Callable[[], Any]]:
    from django.test import Client

    from cases.models import Patient, User

    visitor = Client(SERVER_NAME="127.0.0.1")
    visitor.force_login(User.objects.get(username="west-staff-0"))
    some = Patient.objects.filter(clinic__slug="load-west").order_by("pk").first()
    words = {
        "a common family name": FAMILY[3],
        "a rare family name": FAMILY[700],
        "both names": f"{GIVEN[7]} {FAMILY[600]}",
        "a part of names": FAMILY[900][2:7],
        "two letters": FAMILY[3][:2],
        "an identifier": some.identifier,
        "a part of a pseudonym": some.pseudonym[3:8],
        "nobody": "Xylophonist",
    }
    pages = {"start page": "/", "register": "/patients/"}
    return {what: lambda address=address: visitor.get(address) for what, address in pages.items()} | {
        what: lambda said=said: visitor.post("/patients/find/", {"words": said}) for what, said in words.items()
    }


def _facts() -> dict[str, Any]:
    from cases.models import Case, Patient

    asked = {what: counted(act)[0] for what, act in _asked().items()}
    kept = {"cases": Case.objects.count(), "waiting": Case.objects.waiting().count()}
    return kept | {"patients": Patient.objects.count(), "asked": asked}


if __name__ == "__main__":
    sys.exit(run(measure, __doc__))
