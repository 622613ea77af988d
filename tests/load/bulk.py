"""`make load ROWS=1000000`: the years of three clinics, copied in one go into an empty PostgreSQL made for that.

Most cases are closed; WAITING is the share that still waits for a dermatologist. Nothing here goes through the clinic's
services, so it is for measuring only: a database that holds a clinic, or is not named for load, is refused.
"""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import time
from collections.abc import Iterator
from typing import Any

import django

DRAWN = 10_000  # cases at most that are made up one by one; the database multiplies them
CHUNK = 5_000  # cases whose rows are copied together
NAMED = "load"
# Clinics and their shares of all cases: a large one, one of middle size, a small one.
SHARES = {"west": 0.7, "north": 0.2, "south": 0.1}
READERS = 12
PICTURES = 8  # files that all images share


class Unfit(Exception):
    """This database must not be filled."""


def fill(rows: int, *, waiting: float, say: Any = print) -> None:
    refuse_unless_fit()
    from django.core.management import call_command
    from django.db import connection

    from cases import queue_triggers
    from tests.load.multiplying import multiply

    call_command("migrate", verbosity=0)
    refuse_unless_fit()
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
    # Made anew at the end instead: one statement for all is quicker than one for each.
    queue_triggers.uninstall(connection)
    times = -(-rows // DRAWN)
    try:
        for number, (name, share) in enumerate(SHARES.items()):
            for done, total in _copied(name, round(rows / times * share), waiting=waiting, seed=number):
                say(f"{name:6} {done:9,} of {total:,} cases drawn", end="\r" if done < total else "\n", flush=True)
        for table, seconds in multiply(times) if times > 1 else ():
            say(f"{table:20} {times} times what was drawn, in {seconds:.0f} s", flush=True)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    finally:
        start = time.perf_counter()
        queue_triggers.rebuild(connection)
        say(f"the queue's places and counts made in {time.perf_counter() - start:.0f} s", flush=True)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("SELECT pg_size_pretty(pg_database_size(current_database()))")
        say(f"{rows:,} cases take {cursor.fetchone()[0]}")


def refuse_unless_fit() -> None:
    from django.db import connection

    name = str(connection.settings_dict["NAME"])
    if connection.vendor != "postgresql" or NAMED not in name:
        raise Unfit(
            f"Rows are copied only into a PostgreSQL database with “{NAMED}” in its name, so that no clinic is filled "
            f"by mistake; this one is “{name}” ({connection.vendor}). Set DATABASE_URL to such a one."
        )
    if "cases_patient" in connection.introspection.table_names():
        from cases.models import Clinic

        if Clinic.objects.exists():
            raise Unfit(f"“{name}” holds a clinic already. Make an empty database: createdb another_{NAMED}.")


def _copied(name: str, total: int, *, waiting: float, seed: int) -> Iterator[tuple[int, int]]:
    from django.db import connection, transaction

    from tests.load.copying import UNCHECKED
    from tests.load.years import Years

    house = _house(name)
    years = Years(house, waiting=waiting, pictures=_pictures(), seed=seed)
    copiers = _copiers(house)
    done = 0
    while done < total:
        count = min(CHUNK, total - done)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(UNCHECKED)
            for table, rows in years.chunk(count).items():
                copiers[table].copy(rows)
        done += count
        yield done, total


def _house(name: str) -> Any:
    from cases.demo.clinic import ensure_model
    from cases.models import Clinic
    from cases.services.people import add_member
    from tests.load.years import House

    clinic = Clinic.objects.create(name=f"{name.title()} Clinic (load)", slug=f"load-{name}", is_demo=True)
    people = [
        add_member(clinic=clinic, username=f"{name}-{role}-{number}", role=role, password=secrets.token_urlsafe(24))
        for role, count in (("staff", 1), ("dermatologist", READERS))
        for number in range(count)
    ]
    return House(clinic, people[0], people[1:], ensure_model(clinic))


def _pictures() -> list[dict[str, Any]]:
    """What rows say of a picture; the few files are drawn and stored as an upload would be."""
    from django.core.files.base import ContentFile

    from cases.pictures import clean_picture
    from cases.storage import new_key, private_storage
    from tests.drawings import jpeg

    facts, storage = ("media_type", "width", "height", "sha256", "stored_sha256", "phash"), private_storage()
    kept = []
    for picture in (clean_picture(jpeg(number)) for number in range(PICTURES)):
        file = storage.save(new_key(picture.suffix), ContentFile(picture.data))
        thumbnail = storage.save(new_key(".jpg"), ContentFile(picture.thumbnail))
        stored = {"file": file, "thumbnail": thumbnail, "byte_size": len(picture.data)}
        kept.append(stored | {fact: getattr(picture, fact) for fact in facts})
    return kept


def _copiers(house: Any) -> dict[str, Any]:
    from cases import models
    from tests.load.copying import Copier

    evenly = {code: round(1 / 7, 6) for code in ("akiec", "bcc", "bkl", "df", "mel", "nv", "vasc")}
    same: dict[str, dict[str, Any]] = {
        "Patient": {},
        "Lesion": {},
        "Case": {"reason": "A measurement, not a patient.", "flag_threshold": house.version.flag_threshold},
        "LesionImage": {"image_type": "dermoscopic"},
        "QualityCheck": {"verdict": "passed"},
        "Analysis": {"model_version": house.version, "metadata": {}, "step": "done", "attempt": 1},
        "Prediction": {"probabilities": evenly, "prediction_set": []},
        "Read": {"order": 1, "management": "discharge"},
        "RetakeRequest": {"reason": "blur"},
    }
    return {name: Copier(getattr(models, name), **fields) for name, fields in same.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, required=True, help="cases, over all clinics")
    parser.add_argument("--waiting", type=float, default=0.02, help="share of them that waits")
    arguments = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "skinclinic.settings.development")
    django.setup()
    start = time.perf_counter()
    fill(arguments.rows, waiting=arguments.waiting)
    print(f"filled in {time.perf_counter() - start:.0f} s; measure with make bench QUEUE=<database names>")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Unfit as refusal:
        sys.exit(str(refusal))
