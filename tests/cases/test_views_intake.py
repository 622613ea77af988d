"""Intake: a draft grows step by step on one page, says what it lacks, and is submitted."""

import re

import pytest
from django.urls import reverse

from cases.models import Analysis, Case, Lesion
from tests.factories import CaseFactory, LesionFactory, LesionImageFactory, PatientFactory

pytestmark = pytest.mark.django_db

HISTORY = {
    "reason": "Lesion has changed",
    "size_mm": "7.5",
    "itch": "yes",
    "grew": "no",
    "bled": "unknown",
    "hurt": "unknown",
    "changed": "yes",
    "elevated": "no",
}


@pytest.fixture
def staff(north, client_for):
    return client_for(north.staff)


@pytest.fixture
def draft(north):
    return CaseFactory(patient__clinic=north.clinic)


def url(name, case):
    return reverse(f"cases:{name}", args=[case.pk])


def page_of(client, case, **query):
    return client.get(url("intake", case), query).content.decode()


def test_a_case_begins_at_its_patient_with_a_reason(north, staff):
    patient = PatientFactory(clinic=north.clinic)
    answer = staff.post(reverse("cases:open_case", args=[patient.pk]), {"reason": "Referral"})
    case = Case.objects.get()
    assert answer["Location"] == url("intake", case)
    assert (case.patient, case.reason, case.state, case.created_by) == (patient, "Referral", "draft", north.staff)


def test_without_a_reason_no_case_is_opened(north, staff):
    patient = PatientFactory(clinic=north.clinic)
    answer = staff.post(reverse("cases:open_case", args=[patient.pk]), {"reason": " "})
    assert "This field is required." in answer.content.decode()
    assert not Case.objects.exists()


def test_images_wait_for_their_lesion(staff, draft):
    page = page_of(staff, draft)
    assert "Choose or add the lesion first" in page
    assert 'name="files"' not in page


def test_a_new_lesion_is_the_one_that_the_next_images_belong_to(staff, draft):
    answer = staff.post(url("add_lesion", draft), {"site": "back", "laterality": "left"})
    lesion = Lesion.objects.get()
    assert answer["Location"] == f"{url('intake', draft)}?lesion={lesion.pk}#step-images"
    assert f'name="lesion" value="{lesion.pk}"' in page_of(staff, draft)


def test_a_lesion_needs_a_site_and_unknown_has_to_be_said(staff, draft):
    answer = staff.post(url("add_lesion", draft), {"site": "", "laterality": "left"})
    assert answer.status_code == 422
    assert 'id="id_site_error_1"' in answer.content.decode()
    staff.post(url("add_lesion", draft), {"site": "unknown", "laterality": "unknown"})
    assert Lesion.objects.get().site == "unknown"


def test_the_lesion_asked_for_is_chosen_and_a_strangers_is_not(staff, draft):
    first, second = LesionFactory.create_batch(2, patient=draft.patient)
    foreign = LesionFactory()
    assert f'name="lesion" value="{first.pk}"' in page_of(staff, draft, lesion=first.pk)
    assert f'name="lesion" value="{second.pk}"' in page_of(staff, draft, lesion=second.pk)
    assert str(foreign.pk) not in page_of(staff, draft, lesion=foreign.pk)


def test_history_is_kept_with_its_three_values(staff, draft):
    assert staff.post(url("save_history", draft), HISTORY).status_code == 302
    draft.refresh_from_db()
    assert (draft.itch, draft.grew, draft.bled, str(draft.size_mm)) == ("yes", "no", "unknown", "7.5")
    page = page_of(staff, draft)
    assert 'value="Lesion has changed"' in page
    assert "History: 4 of 6 answered" in page


def test_history_saves_itself_and_refreshes_the_checklist(staff, draft):
    piece = staff.post(url("save_history", draft), HISTORY, headers={"HX-Request": "true"}).content.decode()
    assert "Saved at" in piece
    assert re.search(r'id="checklist"[^>]*hx-swap-oob="true"', piece)
    assert "History: 4 of 6 answered" in piece


@pytest.mark.parametrize(("field", "value"), [("size_mm", "-3"), ("itch", "maybe"), ("reason", "")])
def test_a_wrong_answer_is_refused_whole_with_its_question(staff, draft, field, value):
    piece = staff.post(url("save_history", draft), HISTORY | {field: value}, headers={"HX-Request": "true"})
    assert "Not saved." in piece.content.decode()
    page = staff.post(url("save_history", draft), HISTORY | {field: value})
    assert page.status_code == 422
    draft.refresh_from_db()
    assert draft.itch == "unknown"


def test_the_checklist_names_what_is_needed_and_submit_waits_for_it(staff, draft):
    page = page_of(staff, draft)
    assert re.search(r'class="needed">.*?Choose or add the lesion', page, re.DOTALL)
    assert re.search(r"<button[^>]*disabled[^>]*>Submit for analysis", page)
    LesionImageFactory(case=draft)
    assert not re.search(r"<button[^>]*disabled[^>]*>Submit for analysis", page_of(staff, draft))


def test_what_only_helps_never_holds_a_case_back(staff, draft, active_model):
    LesionImageFactory(case=draft, image_type="clinical: overview", lesion__site="unknown")
    draft.patient.birth_date, draft.patient.sex = None, "unknown"
    draft.patient.save()
    page = page_of(staff, draft)
    for words in ("No dermoscopic image of L1", "Age unknown", "Sex unknown", "Site of L1 unknown"):
        assert words in page
    assert f'<a href="/patients/{draft.patient_id}/correct/">Age unknown' in page
    assert f'<a href="/patients/{draft.patient_id}/">Consent to analysis not recorded</a>' in page
    assert staff.post(url("submit", draft))["Location"] == url("case", draft)


def test_submitting_fixes_the_case_and_queues_every_image(
    staff, draft, active_model, django_capture_on_commit_callbacks
):
    LesionImageFactory.create_batch(2, case=draft)
    with django_capture_on_commit_callbacks():
        staff.post(url("submit", draft))
    draft.refresh_from_db()
    assert draft.state == "submitted"
    assert Analysis.objects.filter(image__case=draft, state="queued").count() == 2
    assert staff.get(url("intake", draft))["Location"] == url("case", draft)
    assert staff.post(url("save_history", draft), HISTORY).status_code == 409


def test_submitting_keeps_the_history_as_it_stands_on_the_page(staff, draft, active_model):
    LesionImageFactory(case=draft)
    assert re.search(rf'<button[^>]*form="history" formaction="{url("submit", draft)}"', page_of(staff, draft))
    assert staff.post(url("submit", draft), HISTORY)["Location"] == url("case", draft)
    draft.refresh_from_db()
    assert (draft.state, draft.reason, str(draft.size_mm), draft.itch) == ("submitted", HISTORY["reason"], "7.5", "yes")


@pytest.mark.parametrize(("field", "value"), [("size_mm", "-3"), ("size_mm", "many"), ("reason", "")])
def test_a_wrong_answer_holds_the_submission_back_and_stays_as_typed(staff, draft, active_model, field, value):
    LesionImageFactory(case=draft)
    answer = staff.post(url("submit", draft), HISTORY | {field: value})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "Not submitted yet" in page
    assert f'id="id_{field}_error_1"' in page
    draft.refresh_from_db()
    assert (draft.state, draft.itch) == ("draft", "unknown")


def test_a_case_without_images_is_not_submitted_and_says_why(staff, draft):
    answer = staff.post(url("submit", draft), follow=True)
    assert "at least one image" in answer.content.decode()
    draft.refresh_from_db()
    assert draft.state == "draft"


def test_discarding_cancels_the_case_and_keeps_the_patient(staff, draft):
    answer = staff.post(url("discard", draft))
    draft.refresh_from_db()
    assert draft.state == "cancelled"
    assert answer["Location"] == reverse("cases:patient", args=[draft.patient_id])


def test_a_case_that_is_being_read_is_not_discarded(staff, north):
    case = CaseFactory(in_review=True, patient__clinic=north.clinic)
    answer = staff.post(url("discard", case))
    assert answer.status_code == 409
    assert "This case is in_review" in answer.content.decode()
    case.refresh_from_db()
    assert case.state == "in_review"


def test_each_lesion_to_choose_shows_where_on_the_body_it_is(staff, draft):
    LesionFactory(patient=draft.patient, site="back", laterality="left")
    LesionFactory(patient=draft.patient, site="foot", laterality="right", body_x=0.2, body_y=0.8)
    choice = re.search(r'<ul id="lesions".*?</ul>', page_of(staff, draft), re.DOTALL)[0]
    assert choice.count('class="body-small"') == choice.count('<path class="here"') == 2
    assert choice.count('<circle class="point"') == 1
    assert '<symbol id="body"' in page_of(staff, draft)
