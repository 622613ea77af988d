"""`manage.py sweep`: brings about what time alone must bring about, every few seconds."""

import logging
import signal
import threading
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error, connection

from cases.services import patients_clinic
from cases.services.idempotency import forget_old_answers
from cases.services.orphan_files import remove_orphan_files
from cases.services.queue import fold_tallies, make_sound
from cases.workflows import sweep_once

logger = logging.getLogger(__name__)

_TIDY_EVERY = 3600.0  # seconds
_SILENCE = 60.0  # seconds after which a sweeper counts as dead


class Command(BaseCommand):
    help = "Publish waiting analyses, take back lost ones, move overdue cases on, release idle claims."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="sweep once and say what was moved")
        parser.add_argument(
            "--orphans", action="store_true", help="with --once: remove files without a row, however many there are"
        )
        parser.add_argument("--check", action="store_true", help="fail unless a sweeper on this data folder is alive")

    def handle(self, *args: Any, once: bool, orphans: bool, check: bool, **options: Any) -> None:
        if check:
            _check_alive()
            return
        if orphans and not once:
            raise CommandError("--orphans goes with --once: nothing removes files in bulk hour by hour.")
        if once:
            for part, count in {**sweep_once(), **_tidy(however_many=orphans)}.items():
                self.stdout.write(f"{part}: {count}")
            return
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        self._loop(stop)

    def _loop(self, stop: threading.Event) -> None:
        tidy_due = 0.0
        while not stop.is_set():
            try:
                sweep_once()
                _alive_file().touch()
                if time.monotonic() >= tidy_due:
                    _tidy()
                    tidy_due = time.monotonic() + _TIDY_EVERY
            except (Error, OSError) as error:
                logger.warning("sweep: left for the next one: %s", error)
                connection.close()
            stop.wait(settings.SWEEP_SECONDS)


def _tidy(*, however_many: bool = False) -> dict[str, int]:
    """What may wait for an hour."""
    return {
        "orphan_files_removed": remove_orphan_files(however_many=however_many),
        "old_answers_forgotten": forget_old_answers(),
        "tallies_folded": fold_tallies(from_rows=2),
        "clinics_put_right": patients_clinic.put_right(),
        "places_made_anew": make_sound(),
    }


def _alive_file() -> Path:
    return Path(settings.DATA_DIR) / "sweeper.alive"


def _check_alive() -> None:
    try:
        silent = time.time() - _alive_file().stat().st_mtime
    except FileNotFoundError:
        raise CommandError("No sweeper has run on this data folder.") from None
    if silent > _SILENCE:
        raise CommandError(f"The sweeper was last seen {silent:.0f} s ago.")
