"""The queue's places and tallies are what the cases say, whoever changes them and by whatever way."""

import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from io import StringIO

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from cases import queue_triggers
from cases.models import Analysis, Case, QueuePlace, QueueTally
from cases.receivers import on_migrated, on_migration
from cases.services.queue import fold_tallies, make_sound, put_triggers_back
from cases.workflows import sweep_once
from tests.factories import AnalysisFactory, CaseFactory, LesionFactory, LesionImageFactory, UserFactory

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


def test_a_waiting_case_stands_in_the_line_of_its_site_and_of_its_model_version(waiting):
    version = Analysis.objects.get().model_version
    assert lines(waiting) == {"", "site:back", f"model:{version.pk.hex}"}
    place = waiting.places.get(line="")
    assert (place.clinic, place.band, place.tier) == (waiting.clinic, 29, "urgent")
    assert place.clock == pytest.approx(waiting.waiting_since.timestamp(), abs=1e-3)
    assert differences() == SOUND


def test_where_the_clock_stands_still_the_place_keeps_what_had_passed(waiting):
    now = timezone.now()
    Case.objects.update(state="awaiting_images", waiting_since=now - timedelta(minutes=9), paused_at=now)
    assert waiting.places.get(line="").clock == pytest.approx(-540, abs=1e-3)


@pytest.mark.parametrize("state", ["decided", "cancelled", "draft", "submitted"])
def test_what_does_not_wait_has_no_place(waiting, state):
    Case.objects.update(state=state)
    assert not QueuePlace.objects.exists()
    assert differences() == SOUND


def test_places_follow_every_thing_that_they_tell_of(waiting, north):
    image = waiting.images.get()
    image.lesion.site = "ear"
    image.lesion.save()
    assert "site:ear" in lines(waiting)
    assert "site:back" not in lines(waiting)
    Analysis.objects.update(state="superseded")
    assert not any(line.startswith("model:") for line in lines(waiting))
    Case.objects.update(state="in_review", claimed_by=north.dermatologist, claim_until=timezone.now(), malignancy=0.5)
    assert f"reader:{north.dermatologist.pk.hex}" in lines(waiting)
    assert set(waiting.places.values_list("state", "band")) == {("in_review", 50)}
    replacement = LesionImageFactory(case=waiting, replaces=image, lesion=image.lesion)
    AnalysisFactory(image=replacement, succeeded=True)
    LesionImageFactory(case=waiting, lesion=LesionFactory(patient=waiting.patient, site="scalp"))
    assert "site:scalp" in lines(waiting)
    assert differences() == SOUND


def test_a_replaced_image_speaks_for_no_model_version(waiting):
    LesionImageFactory(case=waiting, replaces=waiting.images.get(), lesion=waiting.images.get().lesion)
    assert lines(waiting) == {"", "site:back"}


def test_what_stays_as_it_is_moves_nothing(waiting):
    before = QueueTally.objects.count()
    waiting.save()
    assert QueueTally.objects.count() == before


def test_a_deleted_case_leaves_no_place(north):
    case = CaseFactory(patient__clinic=north.clinic, ready=True)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM cases_case WHERE id = %s", [Case._meta.pk.get_db_prep_value(case.pk, connection)])
    assert not QueuePlace.objects.exists()
    assert differences() == SOUND


def test_folded_tallies_say_the_same_in_fewer_rows(waiting):
    for number in range(20):
        Case.objects.update(state="in_review" if number % 2 else "ready", **claim(waiting, number % 2))
    before = QueueTally.objects.count()
    assert fold_tallies() > 0
    assert QueueTally.objects.count() < before
    assert differences() == SOUND
    assert fold_tallies() == 0


def claim(case, held):
    return {
        "claimed_by": case.created_by if held else None,
        "claim_until": timezone.now() if held else None,
    }


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
        with pytest.raises(DatabaseError), transaction.atomic():
            on_migrated(using="default", plan=[object()])
    assert len(queue_triggers.amiss(connection)) == len(queue_triggers._EVENTS)
    QueuePlace.objects.all().delete()  # as it may have stood after a first migration
    on_migrated(using="default", plan=[])
    assert (queue_triggers.amiss(connection), differences()) == ([], SOUND)
    assert lines(waiting)


def test_all_made_anew_counts_each_place_once(waiting):
    queue_triggers.rebuild(connection)
    assert set(QueueTally.objects.values_list("change", flat=True)) == {1}


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
def test_many_who_move_cases_at_once_while_tallies_are_folded(north):
    """Nobody waits for a counter, nobody is chosen as the victim of a deadlock, and every count is right."""
    cases = CaseFactory.create_batch(12, patient__clinic=north.clinic, ready=True)
    for case in cases:
        LesionImageFactory(case=case)
    reader = UserFactory(clinic=north.clinic, role="dermatologist")
    with ThreadPoolExecutor(6) as pool:
        work = [pool.submit(move_some, cases, reader, seed) for seed in range(4)]
        work += [pool.submit(fold_now_and_again) for _ in range(2)]
    for done in work:
        done.result()  # raises what was raised
    assert differences() == SOUND


def move_some(cases, reader, seed):
    rng = random.Random(seed)
    with closing(connection):
        for _ in range(15):
            with transaction.atomic():
                for case in sorted(rng.sample(cases, 2), key=lambda case: case.pk):
                    state = rng.choice(["ready", "in_review", "decided"])
                    held = {"claimed_by": reader, "claim_until": timezone.now()}
                    kept = held if state == "in_review" else dict.fromkeys(held)
                    Case.objects.filter(pk=case.pk).update(state=state, malignancy=rng.random(), **kept)


def fold_now_and_again():
    with closing(connection):
        for _ in range(15):
            fold_tallies(from_rows=2)


def test_every_table_that_the_triggers_name_is_there():
    tables = {model._meta.db_table for model in apps.get_app_config("cases").get_models()}
    assert set(queue_triggers._TABLE_OF.values()) <= tables
