"""The queue's places and tallies are what the cases say, whoever changes them and by whatever way."""

import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.utils import timezone

from cases import queue_triggers
from cases.models import Analysis, Case, QueuePlace, QueueTally
from cases.services.queue import fold_tallies
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
