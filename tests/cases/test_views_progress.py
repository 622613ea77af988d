"""The page of a case on its way, and the piece of it that asks again."""

import re

import pytest
from django.urls import reverse
from django.utils.http import urlencode

from cases.models import Analysis, AuditEvent
from cases.services.analyses import perform_analysis
from tests.factories import AnalysisFactory, CaseFactory, LesionImageFactory, ReadFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(north, client_for):
    return client_for(north.staff)


@pytest.fixture
def submitted(north):
    return CaseFactory(submitted=True, patient__clinic=north.clinic)


def url(name, case):
    return reverse(f"cases:{name}", args=[case.pk])


def piece(client, case, **query):
    return client.get(f"{url('progress', case)}?{urlencode(query)}", headers={"HX-Request": "true"})


def seen_in(answer):
    return re.search(r"hx-vals='\{\"seen\": \"([^\"]+)\"\}'", answer.content.decode())[1]


def test_a_queued_image_shows_its_step_and_its_place(staff, submitted):
    AnalysisFactory(image__case=submitted)
    AnalysisFactory(image__case=submitted)
    page = piece(staff, submitted).content.decode()
    assert page.count('aria-current="step">Queued') == 2
    assert "next at place 1 in the queue" in page
    assert "Place 2 in the queue" in page


def test_a_running_image_has_its_earlier_steps_done(staff, submitted):
    AnalysisFactory(running=True, step="network", image__case=submitted)
    page = piece(staff, submitted).content.decode()
    assert re.findall(r'class="step-(\w+)"', page) == ["done", "done", "current", "waiting", "waiting"]


def test_asking_again_moves_nothing_until_something_changed(staff, submitted):
    analysis = AnalysisFactory(image__case=submitted)
    seen = seen_in(piece(staff, submitted))
    assert piece(staff, submitted, seen=seen).status_code == 204
    Analysis.objects.filter(pk=analysis.pk).update(step="quality")
    assert piece(staff, submitted, seen=seen).status_code == 200


def test_the_last_answer_stops_the_asking_and_redraws_the_page(staff, submitted, active_model):
    analysis = AnalysisFactory(image__case=submitted, model_version=active_model)
    assert perform_analysis(analysis.pk)
    answer = piece(staff, submitted)
    assert answer.status_code == 286
    assert "case-settled" in answer["HX-Trigger"]
    assert "hx-get" not in re.search(r'<div id="progress"[^>]*>', answer.content.decode())[0]
    assert "1 image: " in answer.content.decode()


def test_the_piece_does_not_inherit_the_frame_of_its_page(staff, submitted):
    """The page selects its own body from answers; a piece that did the same would find nothing and vanish."""
    AnalysisFactory(image__case=submitted)
    page = staff.get(url("case", submitted)).content.decode()
    frame = re.search(r'<div id="case-body"[^>]*>', page)[0]
    assert 'hx-disinherit="hx-select"' in frame


def test_a_failure_says_its_reason_and_what_follows_from_it(staff, north):
    case = CaseFactory(ready=True, patient__clinic=north.clinic)
    analysis = AnalysisFactory(failed=True, error="The worker was lost.", image__case=case)
    page = staff.get(url("case", case)).content.decode()
    assert "The worker was lost." in page
    assert "reaches the dermatologist all the same" in page
    assert url("retry", analysis) in page


def test_the_button_queues_the_analysis_again(staff, north, django_capture_on_commit_callbacks):
    analysis = AnalysisFactory(failed=True, image__case=CaseFactory(ready=True, patient__clinic=north.clinic))
    with django_capture_on_commit_callbacks():
        answer = staff.post(url("retry", analysis))
    analysis.refresh_from_db()
    assert (analysis.state, analysis.attempt) == ("queued", 0)
    assert answer["Location"] == url("case", analysis.image.case)


def test_no_retry_is_offered_once_the_case_is_decided(staff, north):
    case = CaseFactory(state="decided", patient__clinic=north.clinic)
    analysis = AnalysisFactory(failed=True, image__case=case)
    assert url("retry", analysis) not in staff.get(url("case", case)).content.decode()
    assert staff.post(url("retry", analysis)).status_code == 409


def test_an_abstention_is_no_answer_and_shows_no_number(staff, north):
    case = CaseFactory(ready=True, patient__clinic=north.clinic)
    AnalysisFactory(abstained=True, abstain_reason="low_quality", image__case=case)
    page = staff.get(url("case", case)).content.decode()
    assert "The network gave no answer" in page
    assert "Grad-CAM" not in page, "no step that was never taken is ticked off"
    assert "image quality too low" in page


def test_without_an_active_model_the_page_says_so(staff, north):
    image = LesionImageFactory(case=CaseFactory(ready=True, patient__clinic=north.clinic))
    assert "no model version was active" in staff.get(url("case", image.case)).content.decode()


def test_staff_read_the_signed_decision(staff, north):
    case = CaseFactory(state="decided", patient__clinic=north.clinic)
    ReadFactory(case=case, diagnosis="mel", management="excise", comment="Wide margin.")
    page = staff.get(url("case", case)).content.decode()
    for words in ("Melanoma", "Excise", "Wide margin.", "Squamous cell carcinoma is not among the classes"):
        assert words in page


@pytest.mark.parametrize("state", [{"submitted": True}, {"ready": True}])
def test_the_note_on_missing_classes_stands_where_a_result_can_be(staff, north, state):
    case = CaseFactory(**state, patient__clinic=north.clinic)
    page = staff.get(url("case", case)).content.decode()
    assert ("Squamous cell carcinoma is not among the classes" in page) is bool(state.get("ready"))


def test_one_address_leads_each_role_to_its_work(north, client_for):
    draft = CaseFactory(patient__clinic=north.clinic)
    ready = CaseFactory(ready=True, patient__clinic=north.clinic)
    assert client_for(north.staff).get(url("case", draft))["Location"] == url("intake", draft)
    assert client_for(north.dermatologist).get(url("case", ready))["Location"] == url("reading", ready)
    assert client_for(north.admin).get(url("case", ready)).status_code == 200


def test_a_page_that_waits_is_led_on_as_a_whole(north, client_for):
    ready = CaseFactory(ready=True, patient__clinic=north.clinic)
    answer = client_for(north.dermatologist).get(url("case", ready), headers={"HX-Request": "true"})
    assert answer["HX-Redirect"] == url("reading", ready)


def test_looking_at_a_case_is_an_event_and_its_pulse_is_none(staff, north, submitted):
    staff.get(url("case", submitted))
    for _ in range(3):
        piece(staff, submitted)
    event = AuditEvent.objects.get(action="case_viewed")
    assert (event.actor, event.object_id) == (north.staff, str(submitted.pk))
