"""The trail has no gap, no fork, and no way to be changed unseen."""

import importlib
import threading
import uuid

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction

from cases.models import AuditChain, AuditEvent
from cases.models.audit import GENESIS
from cases.selectors import audit as selectors
from cases.selectors.audit import verify_chain
from cases.services import audit
from cases.vocabulary import Action

pytestmark = pytest.mark.django_db


def write(clinic, count=5):
    return [
        audit.record(clinic=clinic, actor=None, action=Action.CASE_VIEWED, payload={"n": n, "share": 0.1 * n})
        for n in range(count)
    ]


def test_each_clinic_counts_from_one_without_a_gap(north, south):
    write(north.clinic, 3)
    write(south.clinic, 2)
    assert list(AuditEvent.objects.of_clinic(north.clinic).values_list("seq", flat=True)) == [1, 2, 3]
    assert list(AuditEvent.objects.of_clinic(south.clinic).values_list("seq", flat=True)) == [1, 2]
    assert verify_chain(north.clinic).ok
    assert verify_chain(north.clinic).events == 3


def test_an_act_that_is_rolled_back_leaves_no_event_and_no_gap(north):
    write(north.clinic, 1)
    with pytest.raises(RuntimeError), transaction.atomic():
        write(north.clinic, 1)
        raise RuntimeError
    write(north.clinic, 1)
    assert verify_chain(north.clinic).events == 2


@pytest.mark.parametrize(
    "change",
    [
        lambda: AuditEvent.objects.update(action="x"),
        lambda: AuditEvent.objects.all().delete(),
        lambda: AuditEvent.objects.filter(seq=2)._raw_delete("default"),
    ],
)
def test_the_database_refuses_to_change_or_delete_events(north, change):
    write(north.clinic)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        change()
    assert AuditEvent.objects.count() == 5


@pytest.mark.parametrize(
    "same", [["rowid"], ["id"], ["clinic_id", "seq"], ["clinic_id", "prev_hash"]], ids=lambda same: same[-1]
)
def test_the_database_refuses_to_replace_an_event(north, same):
    """Whatever the new row shares with the old one: REPLACE would remove the old one without an UPDATE or DELETE."""
    if connection.vendor != "sqlite":
        pytest.skip("INSERT OR REPLACE is SQLite's own")
    write(north.clinic)
    columns = ["rowid", *(field.column for field in AuditEvent._meta.local_fields)]
    fresh = {"rowid": "900", "id": f"'{uuid.uuid4().hex}'", "seq": "900", "prev_hash": "'forged'", "purpose": "'x'"}
    taken = ", ".join(name if name in same else fresh.get(name, name) for name in columns)
    table = AuditEvent._meta.db_table
    replace = f"INSERT OR REPLACE INTO {table} ({', '.join(columns)}) SELECT {taken} FROM {table} WHERE seq = 2"  # noqa: S608
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(replace)
    assert verify_chain(north.clinic).events == 5


def test_an_event_that_is_written_during_verification_breaks_nothing(north, monkeypatch):
    write(north.clinic)
    check = selectors.event_hash

    def while_somebody_works(event):
        if event.seq == 3:
            write(north.clinic, 1)
        return check(event)

    monkeypatch.setattr(selectors, "event_hash", while_somebody_works)
    assert verify_chain(north.clinic).ok


@pytest.fixture
def without_triggers(transactional_db):
    """What somebody with full rights on the database could do first."""
    triggers = importlib.import_module("cases.migrations.0002_audit_triggers")
    with connection.schema_editor() as editor:
        triggers.unprotect(None, editor)


def cut_the_tail(clinic):
    AuditEvent.objects.filter(seq=5)._raw_delete("default")


def swap_two(clinic):
    third, fourth = AuditEvent.objects.filter(seq__in=[3, 4]).order_by("seq")
    AuditEvent.objects.filter(pk=third.pk).update(seq=100)
    AuditEvent.objects.filter(pk=fourth.pk).update(seq=3)
    AuditEvent.objects.filter(pk=third.pk).update(seq=4)


def set_the_head_back(clinic, *, to):
    """Delete the last events and make the head say that they never were."""
    AuditEvent.objects.filter(seq__gt=to)._raw_delete("default")
    AuditChain.objects.update(seq=to, hash=AuditEvent.objects.get(seq=to).hash if to else GENESIS)


def empty_the_trail(clinic):
    AuditEvent.objects.all()._raw_delete("default")
    AuditChain.objects.all()._raw_delete("default")


def hide_the_tail(clinic):
    """Leave the events, and a head that was true before the last."""
    AuditChain.objects.update(seq=4, hash=AuditEvent.objects.get(seq=4).hash)


TAMPERING = {
    "tail and head": (4, lambda c: set_the_head_back(c, to=3)),
    "all and head": (1, lambda c: set_the_head_back(c, to=0)),
    "emptied": (1, empty_the_trail),
    "head only": (5, hide_the_tail),
    "seal": (6, lambda c: AuditChain.objects.update(seal="2" * 64)),
    "payload": (3, lambda c: AuditEvent.objects.filter(seq=3).update(payload={"n": 99})),
    "action": (3, lambda c: AuditEvent.objects.filter(seq=3).update(action=Action.CASE_OPENED)),
    "hash": (3, lambda c: AuditEvent.objects.filter(seq=3).update(hash="0" * 64)),
    "deleted": (3, lambda c: AuditEvent.objects.filter(seq=3)._raw_delete("default")),
    "swapped": (3, swap_two),
    "first": (1, lambda c: AuditEvent.objects.filter(seq=1)._raw_delete("default")),
    "tail": (5, cut_the_tail),
    "head": (6, lambda c: AuditChain.objects.update(hash="1" * 64)),
    "purpose": (2, lambda c: AuditEvent.objects.filter(seq=2).update(purpose="research")),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", TAMPERING)
def test_verification_names_the_first_bad_number(north, without_triggers, name):
    write(north.clinic)
    bad_seq, tamper = TAMPERING[name]
    tamper(north.clinic)
    found = verify_chain(north.clinic)
    assert (found.ok, found.bad_seq) == (False, bad_seq), found


def test_the_heads_of_older_clinics_are_sealed_by_migration(north):
    write(north.clinic)
    AuditChain.objects.update(seal="")
    assert not verify_chain(north.clinic).ok
    importlib.import_module("cases.migrations.0004_audit_head_seal").seal(apps, None)
    assert verify_chain(north.clinic).ok


def test_a_chain_under_another_key_does_not_verify(north, settings):
    write(north.clinic)
    settings.AUDIT_KEY = "another" * 8
    assert verify_chain(north.clinic).bad_seq == 1


@pytest.mark.django_db(transaction=True)
def test_writers_at_once_leave_no_gap_and_no_fork(north):
    def work():
        try:
            for _ in range(5):
                audit.record(clinic=north.clinic, actor=None, action=Action.CASE_VIEWED)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verify_chain(north.clinic).ok
    assert AuditEvent.objects.of_clinic(north.clinic).count() == 30
