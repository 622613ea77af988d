"""Triggers that are off, places that are wrong, dumps and migrations: each is found, and made good."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.db.migrations.recorder import MigrationRecorder

from cases import queue_triggers
from cases.models import Case, QueuePlace, QueueTally
from cases.receivers import on_migrated, on_migration
from cases.services.queue import make_sound, put_triggers_back
from cases.workflows import sweep_once
from tests.factories import AnalysisFactory, CaseFactory, LesionImageFactory

pytestmark = pytest.mark.django_db
SOUND = (0, 0)


def lines(case):
    return set(case.places.values_list("line", flat=True))


def differences():
    return queue_triggers.differences(connection)


@pytest.fixture
def waiting(north):
    case = CaseFactory(patient__clinic=north.clinic, ready=True, tier="urgent", malignancy=0.29, flagged=True)
    AnalysisFactory(image=LesionImageFactory(case=case, lesion__site="back"), succeeded=True)
    return case


def test_a_wrong_place_or_tally_is_found_and_made_anew(waiting):
    QueuePlace.objects.filter(line="").update(band=3)
    QueueTally.objects.filter(line="site:back").update(change=7)
    with pytest.raises(CommandError, match="2 places and 4 tallies are wrong"):
        call_command("queue", "check")
    told = StringIO()
    call_command("queue", "rebuild", stdout=told)
    assert "what the cases say" in told.getvalue()
    assert differences() == SOUND


def test_a_migration_takes_the_triggers_off_and_what_it_changed_is_in_the_places_afterwards(waiting):
    on_migration(using="default", plan=[object()])
    Case.objects.update(malignancy=0.77)  # as a migration might
    assert set(QueuePlace.objects.values_list("band", flat=True)) == {29}
    on_migrated(using="default", plan=[object()])
    assert set(QueuePlace.objects.values_list("band", flat=True)) == {77}
    Case.objects.update(malignancy=0.5)
    assert differences() == SOUND


def test_nothing_to_migrate_leaves_the_triggers_on(waiting):
    on_migration(using="default", plan=[])
    Case.objects.update(malignancy=0.5)
    assert differences() == SOUND


def test_a_migration_that_broke_off_is_made_good_by_the_next_start(waiting):
    on_migration(using="default", plan=[object()])
    Case.objects.update(malignancy=0.77)
    on_migrated(using="default", plan=[])
    assert differences() == SOUND


def test_a_rebuild_that_fails_leaves_nothing_that_looks_whole(waiting, monkeypatch):
    on_migration(using="default", plan=[object()])
    with monkeypatch.context() as broken:
        broken.setattr(queue_triggers, "places", lambda *_: "SELECT * FROM no_such_table")
        with pytest.raises(DatabaseError):
            on_migrated(using="default", plan=[object()])
    assert len(queue_triggers.amiss(connection)) == len(queue_triggers._EVENTS)
    QueuePlace.objects.all().delete()  # as it may have stood after a first migration
    on_migrated(using="default", plan=[])
    assert (queue_triggers.amiss(connection), differences()) == ([], SOUND)
    assert lines(waiting)


def test_all_made_anew_counts_each_place_once(waiting):
    queue_triggers.rebuild(connection)
    assert set(QueueTally.objects.values_list("change", flat=True)) == {1}


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite makes all of them anew")
def test_places_that_are_right_stay_untouched(waiting):
    QueuePlace.objects.filter(line="").update(band=3)
    right = set(QueuePlace.objects.exclude(line="").values_list("pk", "case"))
    queue_triggers.rebuild(connection)
    assert set(QueuePlace.objects.exclude(line="").values_list("pk", "case")) == right
    assert differences() == SOUND


def test_places_that_are_made_from_nothing_have_all_their_indexes(waiting):
    def indexes():
        with connection.cursor() as cursor:
            found = connection.introspection.get_constraints(cursor, QueuePlace._meta.db_table)
        return {name: each["columns"] for name, each in found.items() if each["index"]}

    before = indexes()
    assert {index.name for index in QueuePlace._meta.indexes} <= set(before)
    QueuePlace.objects.all().delete()
    queue_triggers.rebuild(connection)
    assert indexes() == before
    assert lines(waiting)
    assert differences() == SOUND


def switched_off(name, table):
    if connection.vendor == "postgresql":
        return [f"ALTER TABLE {table} DISABLE TRIGGER {name}"]
    return [f"DROP TRIGGER {name}"]


def of_an_older_release(name, table):
    if connection.vendor == "postgresql":
        return [f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"]
    return [f"DROP TRIGGER {name}", f"CREATE TRIGGER {name} AFTER INSERT ON {table} BEGIN SELECT 1; END"]


def on_another_event(name, table):
    if connection.vendor == "postgresql":
        call = f"CREATE TRIGGER {name} AFTER DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()"
        return [f"DROP TRIGGER {name} ON {table}", call]
    return [f"DROP TRIGGER {name}", f"CREATE TRIGGER {name} AFTER DELETE ON {table} BEGIN SELECT 1; END"]


@pytest.mark.parametrize("harm", [switched_off, of_an_older_release, on_another_event])
def test_a_trigger_that_does_not_do_its_work_is_found_and_the_sweeper_puts_it_back(north, harm):
    with connection.cursor() as cursor:
        for statement in harm("queue_case_insert", "cases_case"):
            cursor.execute(statement)
    case = CaseFactory(patient__clinic=north.clinic, ready=True)
    assert queue_triggers.amiss(connection) == ["queue_case_insert"]
    assert not lines(case)
    with pytest.raises(CommandError, match="triggers are off or out of date: queue_case_insert; run"):
        call_command("queue", "check")
    assert sweep_once()["triggers_put_back"] == 1
    assert queue_triggers.amiss(connection) == []
    assert lines(case) == {""}
    assert sweep_once()["triggers_put_back"] == 0


@pytest.mark.parametrize("name", ["0018_queue", "9999_of_the_next_release"])
def test_the_sweeper_leaves_a_migration_under_way_alone(waiting, name):
    recorder = MigrationRecorder(connection)
    act = recorder.record_unapplied if name.startswith("0") else recorder.record_applied
    act("cases", name)
    queue_triggers.uninstall(connection)
    assert put_triggers_back() == 0
    assert queue_triggers.amiss(connection)


def test_rows_that_were_loaded_past_the_triggers_are_made_good_within_the_hour(waiting):
    QueuePlace.objects.filter(line="").update(band=3)
    QueueTally.objects.filter(line="site:back").update(change=7)
    assert make_sound() == 6
    assert differences() == SOUND
    assert make_sound() == 0


def test_a_case_that_is_dumped_and_loaded_gets_its_places_by_the_triggers(north, tmp_path):
    case = CaseFactory(patient__clinic=north.clinic, ready=True)
    dump = str(tmp_path / "dump.json")
    call_command("dumpdata", "cases.case", "cases.queueplace", "cases.queuetally", output=dump)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM cases_case WHERE id = %s", [Case._meta.pk.get_db_prep_value(case.pk, connection)])
    call_command("loaddata", dump, verbosity=0)
    assert lines(case) == {""}
    assert differences() == SOUND


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no search path")
def test_the_triggers_find_their_tables_for_what_restores_a_dump_too(waiting):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL search_path = ''; UPDATE public.cases_case SET malignancy = 0.5")
        cursor.execute("SET LOCAL search_path TO DEFAULT")
    assert set(QueuePlace.objects.values_list("band", flat=True)) == {50}


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no time limits")
@pytest.mark.django_db(transaction=True)
def test_a_migration_has_no_time_limit_and_what_comes_after_it_has():
    def limits():
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('statement_timeout'), current_setting('lock_timeout')")
            return cursor.fetchone()

    before = limits()
    on_migration(using="default", plan=[object()])
    assert limits() == ("0", "30s") != before
    on_migrated(using="default", plan=[object()])
    assert limits() == before


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lets one write at a time")
@pytest.mark.django_db(transaction=True)
def test_a_rebuild_gives_way_to_who_works(north):
    image = LesionImageFactory(case=CaseFactory(patient__clinic=north.clinic, ready=True))
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            image.save()
            rebuilding = pool.submit(rebuild_apart)
            while not somebody_waits():
                assert not rebuilding.done()
            Case.objects.update(flagged=False)  # which the rebuild holds, while it waits for the images
        rebuilding.result()
    assert differences() == SOUND


def rebuild_apart():
    with closing(connection):
        queue_triggers.rebuild(connection)


def somebody_waits():
    with connection.cursor() as cursor:
        cursor.execute("""
            SELECT EXISTS (SELECT 1 FROM pg_locks l JOIN pg_database d ON d.oid = l.database
                           WHERE NOT l.granted AND d.datname = current_database())
        """)
        return cursor.fetchone()[0]
