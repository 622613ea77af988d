"""`manage.py doctor`: is everything here that the clinic needs?"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from cases import search_index
from cases.models import Analysis, Clinic, ModelVersion
from cases.runtime import bundle_path
from cases.selectors.audit import verify_chain
from cases.services import patients_clinic
from cases.services.orphan_files import find_orphan_files
from cases.services.queue import ensure_sound
from inference.bundle import Bundle


class Command(BaseCommand):
    help = "Check the database, the data folder, the broker, the active models and the audit trail."

    def handle(self, *args: Any, **options: Any) -> None:
        checks = (_database, _data_folder, _media, _broker, _models, _audit, _queue, _clinics, _search, _work)
        sick = [check for check in checks if not self._passes(check)]
        if sick:
            raise CommandError(f"{len(sick)} of {len(checks)} checks failed.")

    def _passes(self, check: Callable[[], str]) -> bool:
        name = check.__name__.strip("_").replace("_", " ")
        try:
            self.stdout.write(f"ok    {name}: {check()}")
        except Exception as error:  # noqa: BLE001  a doctor reports whatever is wrong
            self.stdout.write(f"SICK  {name}: {error}")
            return False
        return True


def _database() -> str:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        raise RuntimeError(f"{len(missing)} migrations are missing; run `manage.py migrate`.")
    return f"{connection.vendor}, schema up to date"


def _data_folder() -> str:
    folder = Path(settings.DATA_DIR)
    probe = folder / ".doctor"
    probe.write_bytes(b"x")
    probe.unlink()
    return "writable"


def _media() -> str:
    return f"{len(find_orphan_files())} old files without a row"


def _broker() -> str:
    from celery import current_app

    with current_app.connection_for_write() as broker:
        broker.ensure_connection(max_retries=1, timeout=3)
        return str(broker.transport.driver_type)


def _models() -> str:
    active = list(ModelVersion.objects.active().select_related("clinic"))
    for known in active:
        if Bundle.load(bundle_path(known.bundle)).sha256 != known.sha256:
            raise RuntimeError(f"{known.clinic}: the bundle of {known} is not the one that was registered.")
    without = Clinic.objects.count() - len(active)
    if without:
        raise RuntimeError(f"{without} clinics have no active model version; their cases are read without one.")
    return ", ".join(f"{known.clinic}: {known}" for known in active) or "no clinic yet"


def _audit() -> str:
    for clinic in Clinic.objects.all():
        found = verify_chain(clinic)
        if not found.ok:
            raise RuntimeError(f"{clinic}: event {found.bad_seq} is bad. {found.problem}")
    return "every chain is whole"


def _queue() -> str:
    return ensure_sound()


def _clinics() -> str:
    return patients_clinic.ensure_right()


def _search() -> str:
    return search_index.how(connection)


def _work() -> str:
    return f"{Analysis.objects.queued().count()} queued, {Analysis.objects.running().count()} running"
