"""A lock on a row that others refer to never closes a circle with the lock on the audit chain."""

import threading
import time
from contextlib import contextmanager

import pytest
from django.db import DatabaseError, connection, transaction

from cases.services.analyses import retry_analysis
from cases.services.consents import record_consent
from cases.services.intake import locked_case, open_case, update_intake
from cases.services.lesions import register_lesion
from cases.services.model_registry import activate_model
from tests.factories import AnalysisFactory, LesionImageFactory, ModelVersionFactory, PatientFactory

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


@contextmanager
def beside(act):
    """The block is a transaction of its own; `wait()` starts `act` in another, and returns once that waits for this."""
    faults = []

    def other():
        try:
            act()
        except DatabaseError as error:
            faults.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=other)

    def wait():
        thread.start()
        deadline = time.monotonic() + 20
        while not somebody_waits():
            assert time.monotonic() < deadline, "nobody came to wait"
            time.sleep(0.02)

    with transaction.atomic():
        yield wait
    thread.join(30)
    assert faults == []


@pytest.mark.parametrize("act", [lesion_of, model_in])
def test_who_holds_the_trail_may_commit_while_another_waits_for_it(north, act):
    patient = PatientFactory(clinic=north.clinic)
    open_case(actor=north.staff, patient=patient, reason="The chain has its first event.")
    with beside(lambda: act(north, patient)) as wait:
        open_case(actor=north.staff, patient=patient, reason="It grows.")  # holds the chain from here on
        wait()


def refusal_of(north, patient):
    record_consent(actor=north.staff, patient=patient, purpose="ai", answer="refused", notice="2026-1")


def test_a_refusal_waits_for_a_retry_and_ends_it(north, active_model):
    image = LesionImageFactory(case__ready=True, case__patient__clinic=north.clinic)
    analysis = AnalysisFactory(image=image, failed=True, model_version=active_model)
    with beside(lambda: refusal_of(north, image.case.patient)) as wait:
        retry_analysis(actor=north.staff, analysis=analysis)
        wait()
    analysis.refresh_from_db()
    assert analysis.state == "abstained"


def test_a_refusal_and_the_intake_of_its_case_never_wait_for_each_other(north, active_model):
    image = LesionImageFactory(case__awaiting_images=True, case__patient__clinic=north.clinic)
    AnalysisFactory(image=image, model_version=active_model)
    with beside(lambda: refusal_of(north, image.case.patient)) as wait:
        locked_case(north.staff, image.case)
        wait()
        update_intake(actor=north.staff, case=image.case, grew="yes")  # takes the chain
    image.case.refresh_from_db()
    assert image.case.grew == "yes"
