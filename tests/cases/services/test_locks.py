"""A lock on a row that others refer to never closes a circle with the lock on the audit chain."""

import threading
import time

import pytest
from django.db import DatabaseError, connection, transaction

from cases.services.intake import open_case
from cases.services.lesions import register_lesion
from cases.services.model_registry import activate_model
from tests.factories import ModelVersionFactory, PatientFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _rows_are_locked():
    if connection.vendor != "postgresql":
        pytest.skip("SQLite locks the whole database; only PostgreSQL locks rows")


def lesion_of(north, patient):
    register_lesion(actor=north.staff, patient=patient, site="back")


def model_in(north, patient):
    activate_model(model_version=ModelVersionFactory(clinic=north.clinic), actor=north.admin)


def somebody_waits():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # or this transaction sees its first look again
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return cursor.fetchone()[0] > 0


@pytest.mark.parametrize("act", [lesion_of, model_in])
def test_who_holds_the_trail_may_commit_while_another_waits_for_it(north, act):
    patient = PatientFactory(clinic=north.clinic)
    open_case(actor=north.staff, patient=patient, reason="The chain has its first event.")
    faults = []

    def other():
        try:
            act(north, patient)
        except DatabaseError as error:
            faults.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=other)
    with transaction.atomic():
        open_case(actor=north.staff, patient=patient, reason="It grows.")  # holds the chain from here on
        thread.start()
        deadline = time.monotonic() + 20
        while not somebody_waits():
            assert time.monotonic() < deadline, "nobody came to wait for the chain"
            time.sleep(0.02)
    thread.join(30)
    assert faults == []
