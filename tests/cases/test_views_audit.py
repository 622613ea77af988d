"""Audit trail and model versions: search, chain, CSV, activation."""

import csv
import io
from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from cases.models import AuditEvent, AuditReport, ModelVersion
from cases.services import audit
from cases.vocabulary import Action
from tests.factories import CaseFactory, ModelVersionFactory, PatientFactory, thresholds

pytestmark = pytest.mark.django_db
TRAIL = "/audit/"


@pytest.fixture
def browser(client_for, north):
    return client_for(north.auditor)


@pytest.fixture
def events(north):
    """A patient registered by staff, and a view by the dermatologist."""
    patient = PatientFactory(clinic=north.clinic)
    audit.record(clinic=north.clinic, actor=north.staff, action=Action.PATIENT_REGISTERED, about=patient)
    audit.record_view(actor=north.dermatologist, action=Action.PATIENT_VIEWED, about=patient)
    return patient


def found(answer):
    return [event.action for event in answer.context["page"]]


def test_the_newest_event_comes_first(browser, events):
    assert found(browser.get(TRAIL))[:2] == ["patient_viewed", "patient_registered"]


@pytest.mark.parametrize(
    ("query", "actions"),
    [
        (lambda north, patient: {"action": "patient_viewed"}, ["patient_viewed"]),
        (lambda north, patient: {"actor": north.staff.pk}, ["patient_registered"]),
        (lambda north, patient: {"object": patient.pk}, ["patient_viewed", "patient_registered"]),
        (lambda north, patient: {"since": date(2100, 1, 1)}, []),
        (lambda north, patient: {"until": date(2020, 1, 1)}, []),
    ],
)
def test_search(browser, north, events, query, actions):
    assert found(browser.get(TRAIL, query(north, events))) == actions


def test_both_days_of_a_period_belong_to_it(browser, events):
    today = timezone.localdate()
    assert "patient_viewed" in found(browser.get(TRAIL, {"since": today, "until": today}))


def test_a_period_that_ends_before_it_begins_is_told(browser):
    answer = browser.get(TRAIL, {"since": "2026-02-02", "until": "2026-02-01"})
    assert answer.status_code == 422
    assert "ends before it begins" in answer.content.decode()


def test_another_clinics_events_and_people_stay_out(browser, south):
    audit.record_view(actor=south.staff, action=Action.PATIENTS_LISTED)
    page = browser.get(TRAIL).content.decode()
    assert south.staff.username not in page
    assert browser.get(TRAIL, {"actor": south.staff.pk}).status_code == 422


def test_looking_at_the_trail_is_an_event(browser, north):
    browser.get(TRAIL)
    assert AuditEvent.objects.get(action="audit_viewed").actor == north.auditor


def test_a_whole_chain_is_verified(browser, events):
    assert "Chain verified" in browser.get(reverse("cases:audit_chain")).content.decode()


def test_a_broken_chain_names_its_first_bad_event(browser, north, events, monkeypatch):
    monkeypatch.setattr("cases.chain.settings.AUDIT_KEY", "another key")  # as if every hash had been forged
    page = browser.get(reverse("cases:audit_chain")).content.decode()
    assert "Chain broken at no. 1" in page


def test_export_holds_what_the_search_showed(browser, north, events):
    answer = browser.post(reverse("cases:audit_report"), {"action": "patient_viewed"})
    report = AuditReport.objects.get()
    assert answer["Location"] == reverse("cases:audit_download", args=[report.pk])
    download = browser.get(answer["Location"])
    rows = list(csv.DictReader(io.StringIO(b"".join(download.streaming_content).decode())))
    assert [(row["actor"], row["action"]) for row in rows] == [(north.dermatologist.username, "patient_viewed")]
    assert download.streaming
    assert download["Content-Type"] == "text/csv; charset=utf-8"
    assert download["Content-Disposition"].startswith('attachment; filename="audit-')
    assert AuditEvent.objects.filter(action="audit_report_downloaded").count() == 1


def test_a_nonsense_export_is_refused(browser):
    assert browser.post(reverse("cases:audit_report"), {"action": "nonsense"}).status_code == 422
    assert not AuditReport.objects.exists()


def test_a_thing_goes_by_its_name_where_the_reader_may_see_it_and_by_its_id_elsewhere(client_for, north):
    case = CaseFactory(patient__clinic=north.clinic)
    audit.record_view(actor=north.staff, action=Action.CASE_VIEWED, about=case)
    audit.record(clinic=north.clinic, actor=None, action=Action.MEMBER_ADDED, about=north.staff)
    told = client_for(north.admin).get(TRAIL).content.decode()
    assert f">Case {case} of {case.patient}</a>" in told
    assert f">Login {north.staff.username}</a>" in told
    told = client_for(north.auditor).get(TRAIL).content.decode()
    assert f">Case {str(case.pk)[:8]}</a>" in told
    assert str(case.patient) not in told


def test_names_take_as_many_queries_for_many_events_as_for_one(browser, north):
    def look():
        with CaptureQueriesContext(connection) as queries:
            browser.get(TRAIL)
        return len(queries)

    for patient in [PatientFactory(clinic=north.clinic) for _ in range(2)]:
        audit.record_view(actor=north.staff, action=Action.PATIENT_VIEWED, about=patient)
    few = look()
    for patient in [PatientFactory(clinic=north.clinic) for _ in range(5)]:
        audit.record_view(actor=north.staff, action=Action.PATIENT_VIEWED, about=patient)
    assert look() == few


def test_details_are_words_links_and_short_hashes(browser, north, events):
    payload = {"idle": True, "image": str(events.pk), "sha256": "ab" * 32, "reason": "lesion_off_frame", "tier": ""}
    audit.record(clinic=north.clinic, actor=None, action=Action.CASE_RELEASED, about=events, payload=payload)
    told = browser.get(TRAIL).content.decode()
    assert "because nobody touched it</span> yes" in told
    assert f'href="?object={events.pk}" title="{events.pk}: all that happened to it">{str(events.pk)[:8]}</a>' in told
    assert f'<code class="hash-short" tabindex="0">{"ab" * 32}</code>' in told
    assert "lesion off frame" in told
    assert "tier" not in told


def test_half_an_id_is_refused_in_words_and_nothing_counts_as_searched(browser):
    answer = browser.get(TRAIL, {"object": "abc"})
    assert answer.status_code == 422
    told = answer.content.decode()
    assert "Paste the id whole" in told
    assert "No search was made" in told
    assert "No event matches" not in told


# ── Model versions ────────────────────────────────────────────────────────────────────────────────


def test_models_name_version_stage_and_hash(client_for, north, active_model):
    page = client_for(north.admin).get(reverse("cases:models")).content.decode()
    assert str(active_model) in page
    assert "<b>Active</b>" in page
    assert active_model.sha256 in page
    card = client_for(north.admin).get(reverse("cases:model", args=[active_model.pk])).content.decode()
    assert "It knows nothing about skin." in card
    assert active_model.sha256 in card


def test_activation_retires_the_version_before_and_may_be_taken_back(client_for, north, active_model):
    newer = ModelVersionFactory(clinic=north.clinic, manifest={"training_data": {}})
    admin = client_for(north.admin)
    answer = admin.post(reverse("cases:activate_model", args=[newer.pk]), follow=True)
    assert f"{newer} answers from now on" in answer.content.decode()
    assert ModelVersion.objects.get(pk=active_model.pk).stage == "retired"
    assert "Roll back to this version" in admin.get(reverse("cases:model", args=[active_model.pk])).content.decode()


def test_a_draft_cannot_be_activated(client_for, north):
    draft = ModelVersionFactory(clinic=north.clinic, stage="draft", manifest={"training_data": {}})
    admin = client_for(north.admin)
    assert "Activate" not in admin.get(reverse("cases:model", args=[draft.pk])).content.decode()
    answer = admin.post(reverse("cases:activate_model", args=[draft.pk]))
    assert answer.status_code == 409
    assert "it can only become shadow" in answer.content.decode()


def test_the_page_of_a_model_below_a_floor_says_why_it_cannot_answer(client_for, north):
    below = {**thresholds(0.3), "melanoma_sensitivity": {"low": 0.5, "value": 0.61, "high": 0.7}}
    version = ModelVersionFactory(clinic=north.clinic, manifest={"training_data": {}}, thresholds=below)
    admin = client_for(north.admin)
    page = admin.get(reverse("cases:model", args=[version.pk])).content.decode()
    assert "It flags 61.0% of melanomas at its own threshold; the floor is 80%." in page
    assert reverse("cases:activate_model", args=[version.pk]) not in page
    answer = admin.post(reverse("cases:activate_model", args=[version.pk]))
    assert answer.status_code == 409
    assert "cannot be activated" in answer.content.decode()


def test_only_the_admin_sees_the_button(client_for, north):
    version = ModelVersionFactory(clinic=north.clinic, manifest={"training_data": {}})
    page = client_for(north.dermatologist).get(reverse("cases:model", args=[version.pk])).content.decode()
    assert reverse("cases:activate_model", args=[version.pk]) not in page
