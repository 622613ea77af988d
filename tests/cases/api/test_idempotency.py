"""Sent twice, done once."""

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection, connections
from django.utils import timezone

from cases.api.urls import version_1
from cases.errors import StorageUnavailable
from cases.models import AuditEvent, Case, IdempotencyKey, LesionImage, Patient
from cases.pictures import clean_picture
from tests.drawings import jpeg
from tests.factories import CaseFactory, PatientFactory, UserFactory

PERSON = {"identifier": "MRN-1", "given_name": "A", "family_name": "B"}
KEY = {"Idempotency-Key": "5a0c1c9e-0001"}


def test_every_post_honours_the_key_but_one_whose_answer_is_a_secret_and_one_that_changes_nothing():
    posts = {pattern.name: getattr(pattern.callback.cls, "post", None) for pattern in version_1}
    without = {name for name, post in posts.items() if post and not getattr(post, "honours_idempotency_key", False)}
    assert without == {"token", "likely-patients"}


def test_the_same_request_gets_the_same_answer_and_makes_one_patient(north, api):
    staff = api(north.staff)
    first, again = (staff.post("/api/v1/patients/", PERSON, headers=KEY) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first
    assert Patient.objects.count() == 1


def test_without_a_key_the_second_one_is_on_its_own(north, api):
    patient = PatientFactory(clinic=north.clinic)
    for _ in range(2):
        api(north.staff).post("/api/v1/cases/", {"patient": str(patient.pk), "reason": "It itches."})
    assert Case.objects.count() == 2


def test_the_key_of_another_body_is_422(north, api):
    staff = api(north.staff)
    staff.post("/api/v1/patients/", PERSON, headers=KEY)
    answer = staff.post("/api/v1/patients/", {**PERSON, "identifier": "MRN-2"}, headers=KEY)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["Idempotency-Key"])
    assert Patient.objects.count() == 1


def test_the_key_of_another_address_is_422(north, api):
    cases = CaseFactory.create_batch(2, patient__clinic=north.clinic, ready=True)
    reader = api(north.dermatologist)
    answers = [reader.post(f"/api/v1/cases/{case.pk}/claim/", headers=KEY).status_code for case in cases]
    assert answers == [200, 422]
    assert Case.objects.get(pk=cases[1].pk).state == "ready"


def test_the_order_of_the_fields_does_not_make_it_another_request(north, api):
    staff = api(north.staff)
    staff.post("/api/v1/patients/", PERSON, headers=KEY)
    assert staff.post("/api/v1/patients/", dict(reversed(PERSON.items())), headers=KEY).status_code == 201


def test_a_kept_answer_that_is_given_again_is_a_view_in_the_trail(north, api):
    staff, patient = api(north.staff), PatientFactory(clinic=north.clinic)
    body = {"patient": str(patient.pk), "reason": "It itches."}
    case, _ = (staff.post("/api/v1/cases/", body, headers=KEY).json()["id"] for _ in range(2))
    told = AuditEvent.objects.about(case).order_by("seq").values_list("action", "actor", "object_type")
    assert list(told) == [("case_opened", north.staff.pk, "case"), ("case_viewed", north.staff.pk, "case")]


@pytest.mark.parametrize("headers", [{}, KEY], ids=["anew", "replayed"])
def test_a_claim_that_is_repeated_shows_the_case_and_is_a_view(headers, north, api):
    case = CaseFactory(patient__clinic=north.clinic, ready=True)
    for _ in range(2):
        api(north.dermatologist).post(f"/api/v1/cases/{case.pk}/claim/", headers=headers)
    told = AuditEvent.objects.about(case.pk).order_by("seq").values_list("action", flat=True)
    assert list(told) == ["case_claimed", "case_viewed"]


def test_a_read_that_is_shown_again_is_a_view_of_its_case(north, api):
    case = CaseFactory(patient__clinic=north.clinic, in_review=True, claimed_by=north.dermatologist)
    read = {"decision": "override", "diagnosis": "nv", "management": "monitor", "reason": "clinical_context"}
    for _ in range(2):
        assert api(north.dermatologist).post(f"/api/v1/cases/{case.pk}/reads/", read, headers=KEY).status_code == 201
    assert AuditEvent.objects.about(case.pk).filter(action="case_viewed").count() == 1


def test_a_colleagues_key_is_another_key(north, api):
    patient = PatientFactory(clinic=north.clinic)
    body = {"patient": str(patient.pk), "reason": "It itches."}
    answers = [api(user).post("/api/v1/cases/", body, headers=KEY) for user in (north.staff, north.dermatologist)]
    assert answers[0].json()["id"] != answers[1].json()["id"]


def test_a_refusal_leaves_the_key_free(north, api):
    staff = api(north.staff)
    assert staff.post("/api/v1/patients/", {**PERSON, "birth_date": "2999-01-01"}, headers=KEY).status_code == 422
    assert not IdempotencyKey.objects.exists()
    assert staff.post("/api/v1/patients/", PERSON, headers=KEY).status_code == 201


def test_after_a_change_of_clinic_the_kept_answer_is_not_given(north, south, api):
    staff = api(north.staff)
    assert staff.post("/api/v1/patients/", PERSON, headers=KEY).status_code == 201
    north.staff.membership.clinic = south.clinic
    north.staff.membership.save()
    answer = staff.post("/api/v1/patients/", PERSON, headers=KEY)
    assert answer.status_code == 422
    assert "pseudonym" not in answer.json()


def test_an_upload_sent_again_is_known_by_its_bytes(north, upload, draft):
    first, again = (upload(north.staff, draft, draft.lesion, headers=KEY) for _ in range(2))
    assert first.json() == again.json()
    assert again["Idempotent-Replayed"] == "true"
    assert AuditEvent.objects.about(first.json()["id"]).filter(action="image_viewed").count() == 1
    assert upload(north.staff, draft, draft.lesion, jpeg(5), headers=KEY).status_code == 422
    assert LesionImage.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("headers", [{}, KEY], ids=["plain", "with a key"])
def test_a_picture_is_decoded_with_no_transaction_open(headers, north, upload, draft, monkeypatch):
    open_at = []

    def watched(data):
        open_at.append(connection.in_atomic_block)
        return clean_picture(data)

    monkeypatch.setattr("cases.services.images.clean_picture", watched)
    assert upload(north.staff, draft, draft.lesion, headers=headers).status_code == 201
    assert open_at == [False]


@pytest.mark.django_db(transaction=True)
def test_an_answer_that_cannot_be_kept_takes_its_files_with_it(north, upload, draft, media):
    def gone(execute, sql, params, many, context):
        if sql.startswith("UPDATE") and "idempotencykey" in sql:
            raise fault
        return execute(sql, params, many, context)

    fault = StorageUnavailable("The disk is full.")
    with connection.execute_wrapper(gone):
        assert upload(north.staff, draft, draft.lesion, headers=KEY).status_code == 507
    assert not LesionImage.objects.exists()
    assert not _files(media)

    # Whether a database that went away had committed is not known: the sweeper tidies later, by the rows.
    fault = OperationalError("server closed the connection")
    with connection.execute_wrapper(gone):
        assert upload(north.staff, draft, draft.lesion, headers=KEY).status_code == 503
    assert len(_files(media)) == 2  # picture and thumbnail


def _files(media):
    return [path for path in media.rglob("*") if path.is_file()]


@pytest.mark.parametrize("key", ["", " ", "k" * 201])
def test_a_key_beyond_its_bounds_is_422(key, north, api):
    answer = api(north.staff).post("/api/v1/patients/", PERSON, headers={"Idempotency-Key": key})
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["Idempotency-Key"])


def test_after_a_day_the_answer_is_forgotten(north, api):
    staff = api(north.staff)
    staff.post("/api/v1/patients/", PERSON, headers=KEY)
    call_command("sweep", "--once", stdout=io.StringIO())
    assert IdempotencyKey.objects.count() == 1
    IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(hours=25))
    call_command("sweep", "--once", stdout=io.StringIO())
    assert not IdempotencyKey.objects.exists()
    assert Patient.objects.count() == 1


def at_once(number, act):
    """`act` in so many threads, each with a database connection of its own."""

    def run(n):
        try:
            return act(n)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(run, range(number)))


@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_make_one_case_and_get_equal_answers(north, api):
    patient = PatientFactory(clinic=north.clinic)
    body = {"patient": str(patient.pk), "reason": "It itches."}
    clients = [api(north.staff) for _ in range(20)]
    answers = at_once(20, lambda n: clients[n].post("/api/v1/cases/", body, headers=KEY))
    assert {answer.status_code for answer in answers} == {201}
    assert all(answer.json() == answers[0].json() for answer in answers)
    assert Case.objects.count() == 1
    assert AuditEvent.objects.filter(action="case_opened").count() == 1


@pytest.mark.django_db(transaction=True)
def test_ten_who_claim_at_once_one_wins_and_nine_hear_the_state(north, api):
    case = CaseFactory(patient__clinic=north.clinic, ready=True)
    clients = [api(UserFactory(clinic=north.clinic, role="dermatologist")) for _ in range(10)]
    answers = at_once(10, lambda n: clients[n].post(f"/api/v1/cases/{case.pk}/claim/"))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 9
    assert {answer.json()["current"] for answer in answers if answer.status_code == 409} == {"in_review"}
