"""Filters of the lists: what they find, and what they refuse."""

from datetime import date

import pytest

from cases.models import AuditEvent
from tests.cases.api.conftest import answered_case
from tests.factories import (
    CaseFactory,
    ConsentFactory,
    LesionImageFactory,
    ModelVersionFactory,
    PatientFactory,
    UserFactory,
)


@pytest.fixture
def queue(north):
    """One case of each tier, by tier."""
    kinds = {"urgent": 0.9, "soon": 0.6, "routine": 0.1, "": None}
    return {
        tier: CaseFactory(patient__clinic=north.clinic, ready=True, tier=tier, malignancy=m, flagged=tier != "routine")
        for tier, m in kinds.items()
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["urgent", "", "soon", "routine"]),
        ("tier=urgent", ["urgent"]),
        ("tier=unassessed", [""]),
        ("min_malignancy=0.5", ["urgent", "soon"]),
        ("tier=soon&min_malignancy=0.7", []),
        ("state=in_review", []),
        ("state=ready", ["urgent", "", "soon", "routine"]),
    ],
)
def test_the_worklist(query, found, queue, north, api):
    rows = api(north.dermatologist).get(f"/api/v1/worklist/?{query}").json()["results"]
    assert [row["id"] for row in rows] == [str(queue[tier].pk) for tier in found]
    assert [row["rank"] for row in rows] == list(range(1, len(found) + 1))


def test_the_worklist_by_site(queue, north, api):
    LesionImageFactory(case=queue["soon"], lesion__site="scalp")
    LesionImageFactory(case=queue["urgent"], lesion__site="back")
    rows = api(north.dermatologist).get("/api/v1/worklist/?site=scalp").json()["results"]
    assert [(row["id"], row["sites"]) for row in rows] == [(str(queue["soon"].pk), ["scalp"])]


@pytest.mark.parametrize(
    "wrong", ["tier=red", "min_malignancy=2", "min_malignancy=nan", "min_malignancy=x", "site=moon", "state=lost"]
)
def test_the_worklist_names_a_wrong_filter(wrong, north, api):
    answer = api(north.dermatologist).get(f"/api/v1/worklist/?{wrong}")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [wrong.partition("=")[0]])


def test_the_trail_by_action_object_and_person(north, api):
    case = answered_case(north.clinic)
    api(north.dermatologist).get(f"/api/v1/cases/{case.pk}/")
    api(north.staff).get(f"/api/v1/cases/{case.pk}/")
    trail = api(north.auditor)

    def found(query):
        return [event["action"] for event in trail.get(f"/api/v1/audit-events/?{query}").json()["results"]]

    assert found(f"about={case.pk}") == ["case_viewed", "case_viewed"]
    assert found(f"by={north.staff.pk}") == ["case_viewed"]
    assert found("action=patient_registered") == []
    assert found("until=2000-01-01T00:00:00Z") == []
    assert len(found("since=2000-01-01T00:00:00Z")) > 2


def test_a_person_of_another_clinic_is_nobody(north, south, api):
    for answer in (
        api(north.admin).get(f"/api/v1/audit-events/?by={south.staff.pk}"),
        api(north.admin).post("/api/v1/audit-reports/", {"by": str(south.staff.pk)}),
    ):
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["by"])


def test_a_report_holds_what_was_asked_for_and_nothing_later(north, api):
    admin = api(north.admin)
    api(north.staff).get("/api/v1/patients/")
    report = admin.post("/api/v1/audit-reports/", {"action": "patients_listed", "by": str(north.staff.pk)}).json()
    api(north.staff).get("/api/v1/patients/")
    lines = b"".join(admin.get(f"/api/v1/audit-reports/{report['id']}/download/")).decode().splitlines()
    assert report["events"] == len(lines) - 1 == 1
    assert north.staff.username in lines[1]
    assert AuditEvent.objects.filter(action="audit_report_downloaded", object_id=report["id"]).exists()


def test_a_report_that_ends_before_it_begins_is_422(north, api):
    period = {"since": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}
    answer = api(north.admin).post("/api/v1/audit-reports/", period)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["until"])


def test_a_format_that_is_not_offered_is_400(north, api):
    report = api(north.admin).post("/api/v1/audit-reports/", {}).json()
    answer = api(north.admin).get(f"/api/v1/audit-reports/{report['id']}/download/?format=exe")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["format"])


def test_models_are_activated_and_rolled_back(north, active_model, api):
    newer, admin = ModelVersionFactory(clinic=north.clinic), api(north.admin)
    assert admin.post(f"/api/v1/models/{newer.pk}/activate/").json()["stage"] == "active"
    stages = {row["id"]: row["stage"] for row in admin.get("/api/v1/models/").json()["results"]}
    assert stages == {str(newer.pk): "active", str(active_model.pk): "retired"}
    assert admin.post(f"/api/v1/models/{active_model.pk}/activate/").json()["stage"] == "active"
    again = admin.post(f"/api/v1/models/{active_model.pk}/activate/")
    assert (again.status_code, again.json()["legal"]) == (409, ["retired"])


def test_every_look_at_patients_is_in_the_trail(north, api):
    case = answered_case(north.clinic)
    reader = api(north.dermatologist)
    analysis = case.analysis
    for address, action in {
        "patients/": "patients_listed",
        f"patients/{case.patient_id}/": "patient_viewed",
        "lesions/": "lesion_viewed",
        "cases/": "cases_listed",
        f"cases/{case.pk}/": "case_viewed",
        f"analyses/{analysis.pk}/": "analysis_viewed",
        f"analyses/{analysis.pk}/heatmaps/mel/": "analysis_viewed",
        f"images/{analysis.image_id}/file/": "image_viewed",
        "worklist/": "worklist_viewed",
    }.items():
        seen = AuditEvent.objects.filter(action=action, actor=north.dermatologist).count()
        b"".join(reader.get(f"/api/v1/{address}"))
        assert AuditEvent.objects.filter(action=action, actor=north.dermatologist).count() == seen + 1, address


@pytest.mark.parametrize(
    ("body", "status", "named"),
    [
        ({}, 400, {"decision", "management"}),
        ({"decision": "agree", "management": "biopsy"}, 400, {"decision"}),
        ({"decision": "override", "management": "biopsy"}, 422, {"diagnosis", "reason"}),
        ({"decision": "override", "management": "biopsy", "diagnosis": "scc", "reason": "history"}, 400, {"diagnosis"}),
        ({"decision": "confirm", "management": "biopsy", "diagnosis": "mel"}, 422, {"diagnosis"}),
        ({"decision": "confirm", "management": "biopsy", "reason": "history"}, 422, {"reason"}),
    ],
)
def test_a_read_that_says_too_little_or_too_much(body, status, named, north, api):
    case = answered_case(
        north.clinic, state="in_review", claimed_by=north.dermatologist, claim_until="2999-01-01T00:00:00Z"
    )
    answer = api(north.dermatologist).post(f"/api/v1/cases/{case.pk}/reads/", body)
    assert (answer.status_code, set(answer.json()["errors"])) == (status, named)
    assert not case.reads.exists()


def test_a_case_that_a_colleague_holds_is_not_mine_to_read(north, api):
    case = CaseFactory(patient__clinic=north.clinic, in_review=True)
    stranger = UserFactory(clinic=north.clinic, role="dermatologist")
    body = {"decision": "override", "diagnosis": "mel", "management": "biopsy", "reason": "history"}
    answer = api(stranger).post(f"/api/v1/cases/{case.pk}/reads/", body)
    assert (answer.status_code, answer.json()["current"]) == (409, "in_review")


def test_reading_consents_is_on_record_about_their_patient(north, api):
    patient = ConsentFactory(patient__clinic=north.clinic).patient
    api(north.staff).get(f"/api/v1/patients/{patient.pk}/consents/")
    event = AuditEvent.objects.get(action="patient_viewed")
    assert (event.object_type, event.object_id, event.payload) == ("patient", str(patient.pk), {"count": 1})


def test_who_a_new_patient_may_be_is_told_without_names_and_is_on_record(north, south, api):
    known = PatientFactory(clinic=north.clinic, given_name="José", family_name="Núñez", birth_date=date(1957, 3, 14))
    person = {"family_name": "Nunez", "birth_date": "1957-03-14"}
    answer = api(north.staff).post("/api/v1/patients/likely/", person)
    assert answer.json()["results"] == [
        {"id": str(known.pk), "pseudonym": known.pseudonym, "why": "Same birth date and a like name"}
    ]
    assert AuditEvent.objects.get(action="patients_listed").payload == {"patients": 1}
    assert (
        api(north.staff).post("/api/v1/patients/likely/", {"family_name": "Nu", "birth_date": None}).json()["results"]
        == []
    )
    assert api(south.staff).post("/api/v1/patients/likely/", person).json()["results"] == []
