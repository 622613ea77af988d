"""Logins, sign-in events, and requests that are sent twice."""

import threading

import pytest
from django.contrib.auth import authenticate
from django.db import connection

from cases.errors import Conflict, InvalidInput
from cases.models import AuditEvent, IdempotencyKey, Membership, Patient, User
from cases.services import patients
from cases.services.idempotency import answer_once, fingerprint
from cases.services.people import add_member
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db


def test_a_member_has_one_role_in_one_clinic(north):
    user = add_member(clinic=north.clinic, username="rosa", password=PASSWORD, role="dermatologist", actor=north.admin)
    assert (user.role, user.clinic) == ("dermatologist", north.clinic)
    assert user.password.split("$")[0] != PASSWORD
    assert authenticate(username="rosa", password=PASSWORD) == user
    assert AuditEvent.objects.get(action="member_added").actor == north.admin


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"password": "short"}, "password"),
        ({"password": "password1234"}, "password"),
        ({"role": "king"}, "role"),
        ({"username": ""}, "username"),
    ],
)
def test_a_wrong_login_is_not_made(north, fields, wrong):
    wanted = {"clinic": north.clinic, "username": "rosa", "password": PASSWORD, "role": "staff"}
    with pytest.raises(InvalidInput) as refusal:
        add_member(**{**wanted, **fields})
    assert list(refusal.value.errors) == [wrong]
    assert not User.objects.filter(username="rosa").exists()


def test_a_taken_name_is_a_conflict(north, south):
    with pytest.raises(Conflict):
        add_member(clinic=south.clinic, username=north.staff.username, password=PASSWORD, role="staff")


def test_a_login_without_a_membership_has_no_role(north):
    Membership.objects.filter(user=north.staff).delete()
    user = User.objects.get(pk=north.staff.pk)
    assert (user.role, user.clinic) == ("", None)


def test_signing_in_and_out_is_told(north, client):
    assert client.login(username=north.staff.username, password=PASSWORD)
    client.logout()
    assert not client.login(username=north.staff.username, password="wrong")
    assert not client.login(username="nobody", password="a password typed into the wrong field")
    told = AuditEvent.objects.order_by("seq").values_list("action", "object_id")
    assert [action for action, _ in told] == ["sign_in", "sign_out", "sign_in_refused"]
    assert {about for _, about in told} == {str(north.staff.pk)}


@pytest.fixture
def register(north):
    """A request that registers a patient and answers with its id."""

    def act(identifier="MRN-1"):
        patient = patients.register_patient(actor=north.staff, identifier=identifier, given_name="A", family_name="B")
        return 201, {"id": str(patient.pk)}

    return act


def test_the_same_request_is_answered_again_and_done_once(north, register):
    asked = {
        "user": north.staff,
        "key": "k",
        "fingerprint": fingerprint(b"POST", b"/patients/", b"{}"),
        "act": register,
    }
    assert answer_once(**asked) == answer_once(**asked)
    assert Patient.objects.count() == 1


def test_a_key_names_one_request_only(north, register):
    answer_once(user=north.staff, key="k", fingerprint="1", act=register)
    with pytest.raises(InvalidInput, match="another request"):
        answer_once(user=north.staff, key="k", fingerprint="2", act=lambda: register("MRN-2"))
    assert answer_once(user=north.admin, key="k", fingerprint="2", act=lambda: register("MRN-2"))[0] == 201


def test_a_refused_request_leaves_its_key_unused(north, register):
    def refused():
        raise InvalidInput({"identifier": "No."})

    with pytest.raises(InvalidInput):
        answer_once(user=north.staff, key="k", fingerprint="1", act=refused)
    assert not IdempotencyKey.objects.exists()
    assert answer_once(user=north.staff, key="k", fingerprint="1", act=register)[0] == 201


@pytest.mark.parametrize("key", ["", "x" * 201])
def test_a_key_has_a_length(north, register, key):
    with pytest.raises(InvalidInput):
        answer_once(user=north.staff, key=key, fingerprint="1", act=register)


def test_parts_of_a_fingerprint_do_not_run_together():
    assert fingerprint(b"ab", b"c") != fingerprint(b"a", b"bc")


@pytest.mark.django_db(transaction=True)
def test_twenty_requests_at_once_with_one_key_are_one_act(north, register):
    answers, start = [], threading.Barrier(20)

    def ask():
        try:
            start.wait()
            answers.append(answer_once(user=north.staff, key="k", fingerprint="1", act=register))
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 20
    assert len({str(answer) for answer in answers}) == 1
    assert Patient.objects.count() == 1
