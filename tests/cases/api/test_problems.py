"""Errors have one shape, whoever raised them."""

import pytest
from django.db import OperationalError

from cases.errors import StorageUnavailable
from tests.factories import CaseFactory, PatientFactory

PERSON = {"identifier": "MRN-1", "given_name": "A", "family_name": "B"}


def check(answer, status):
    """The members of RFC 9457, and its media type."""
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert set(problem) >= {"type", "title", "status", "detail"}
    assert problem["status"] == status
    assert problem["type"].startswith("urn:skinclinic:problem:")
    return problem


def test_a_missing_field_is_400_and_named(north, api):
    problem = check(api(north.staff).post("/api/v1/patients/", {"given_name": "A", "family_name": "B"}), 400)
    assert problem["errors"] == {"identifier": ["This field is required."]}
    assert "identifier" in problem["detail"]


def test_every_wrong_field_is_named_at_once(north, api):
    body = {**PERSON, "sex": "yes", "birth_date": "31.12.1980"}
    assert set(check(api(north.staff).post("/api/v1/patients/", body), 400)["errors"]) == {"sex", "birth_date"}


def test_a_rule_of_the_clinic_is_422_and_named(north, api):
    problem = check(api(north.staff).post("/api/v1/patients/", {**PERSON, "birth_date": "2999-01-01"}), 422)
    assert list(problem["errors"]) == ["birth_date"]


def test_a_known_identifier_is_409_and_links_to_the_patient(north, api):
    known = PatientFactory(clinic=north.clinic, identifier="MRN-1")
    problem = check(api(north.staff).post("/api/v1/patients/", PERSON), 409)
    assert problem["existing"]["id"] == str(known.pk)
    assert api(north.staff).get(problem["existing"]["url"]).json()["pseudonym"] == known.pseudonym


def test_an_illegal_move_is_409_and_names_the_legal_ones(north, api):
    case = CaseFactory(patient__clinic=north.clinic)
    problem = check(api(north.dermatologist).post(f"/api/v1/cases/{case.pk}/claim/"), 409)
    assert problem["current"] == "draft"
    assert problem["legal"] == list(case.legal_moves)
    assert all(state in problem["detail"] for state in problem["legal"])


def test_a_case_that_a_colleague_holds_is_409(north, api):
    case = CaseFactory(patient__clinic=north.clinic, in_review=True)
    assert check(api(north.dermatologist).post(f"/api/v1/cases/{case.pk}/claim/"), 409)["current"] == "in_review"


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        ("{", "application/json", 400),
        ("[1]", "application/json", 400),
        ("identifier=1", "application/x-www-form-urlencoded", 415),
        ("<a/>", "application/xml", 415),
        ('{"identifier": "' + "x" * 2_200_000 + '"}', "application/json", 413),
    ],
    ids=["broken", "no object", "form", "xml", "huge"],
)
def test_a_body_that_cannot_be_read(body, content_type, status, north, api):
    check(api(north.staff).generic("POST", "/api/v1/patients/", body, content_type=content_type), status)


@pytest.mark.parametrize(
    ("fields", "status"), [({f"f{n}": "" for n in range(1001)}, 400), ({"image_type": "x" * 2_700_000}, 413)]
)
def test_a_form_that_means_harm(fields, status, north, api):
    case = CaseFactory(patient__clinic=north.clinic)
    check(api(north.staff).post(f"/api/v1/cases/{case.pk}/images/", fields, format="multipart"), status)


@pytest.mark.parametrize("address", ["/api/v1/nothing/", "/api/v1/patients", "/api/v1/patients/7/", "/api/v1/"])
def test_an_address_that_does_not_exist(address, api):
    check(api().get(address), 404)


def test_a_method_that_does_not_exist(north, api):
    answer = api(north.staff).delete("/api/v1/patients/")
    check(answer, 405)
    assert answer["Allow"] == "GET, HEAD, POST"


def test_no_token_and_a_wrong_token(api):
    check(api().get("/api/v1/patients/"), 401)
    stranger = api()
    stranger.credentials(HTTP_AUTHORIZATION="Token " + "0" * 64)
    check(stranger.get("/api/v1/patients/"), 401)


def test_another_role(north, api):
    assert "role" in check(api(north.admin).post("/api/v1/patients/", PERSON), 403)["detail"]


@pytest.mark.parametrize(
    ("fault", "status"),
    [(OperationalError("server closed the connection"), 503), (StorageUnavailable("The disk is full."), 507)],
)
def test_a_fault_of_the_surroundings_says_to_try_again_and_nothing_else(fault, status, north, api, monkeypatch):
    def fail(**_):
        raise fault

    monkeypatch.setattr("cases.api.views.patients.register_patient", fail)
    problem = check(api(north.staff).post("/api/v1/patients/", PERSON), status)
    assert "server closed" not in problem["detail"]


def test_an_outage_never_claims_that_nothing_was_kept(north, api, monkeypatch):
    """The request may have been committed before the database went away."""

    def fail(**_):
        raise OperationalError("server closed the connection")

    monkeypatch.setattr("cases.api.views.patients.register_patient", fail)
    answer = api(north.staff).post("/api/v1/patients/", PERSON)
    assert answer["Retry-After"] == "5"
    assert "not certain" in answer.json()["detail"]


def test_a_fault_of_our_own_is_told_to_the_log_and_not_to_the_client(north, api, monkeypatch, caplog):
    def fail(**_):
        raise RuntimeError("secret detail")

    monkeypatch.setattr("cases.api.views.patients.register_patient", fail)
    client = api(north.staff)
    client.raise_request_exception = False
    problem = check(client.post("/api/v1/patients/", PERSON), 500)
    assert "secret" not in str(problem)
    assert "secret detail" in caplog.text


def test_answers_are_for_nobody_to_keep(north, api):
    for address in ("/api/v1/patients/", "/api/v1/nothing/"):
        assert api(north.staff).get(address)["Cache-Control"] == "private, no-store"


def test_whatever_format_the_client_hopes_for(north, api):
    answer = api(north.staff).get("/api/v1/patients/", headers={"accept": "text/html"})
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
