"""Consent by purpose: what was answered stays, and a refusal of analysis takes effect at once."""

from datetime import timedelta

import pytest
from django.utils import timezone

from cases import wording
from cases.errors import Conflict, Forbidden, InvalidInput, NotFound
from cases.models import Analysis, AuditEvent, Case, Consent
from cases.selectors.audit import verify_chain
from cases.selectors.consents import latest_answer, standing_of
from cases.services import submission
from cases.services.analyses import perform_analysis, retry_analysis
from cases.services.consents import record_consent
from cases.services.leases import claim_analysis
from tests.factories import AnalysisFactory, CaseFactory, ConsentFactory, LesionImageFactory, PatientFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(north, active_model):
    return LesionImageFactory(case__patient__clinic=north.clinic).case


@pytest.fixture
def answer(north):
    def act(patient, answer="refused", purpose="ai", **changes):
        wanted = {"actor": north.staff, "patient": patient, "purpose": purpose, "answer": answer, "notice": "2026-1"}
        return record_consent(**{**wanted, **changes})

    return act


def test_the_newest_answer_to_a_purpose_counts_and_the_others_stay(north, answer):
    patient = PatientFactory(clinic=north.clinic)
    for each in ("given", "refused", "given"):
        answer(patient, each, purpose="research")
    assert latest_answer(patient, "research") == "given"
    assert latest_answer(patient, "ai") == ""
    assert Consent.objects.count() == 3
    assert [(each.purpose, each.latest is not None) for each in standing_of(patient)] == [
        ("care", False), ("ai", False), ("research", True),
    ]  # fmt: skip
    event = AuditEvent.objects.filter(action="consent_recorded").last()
    assert event.payload == {"purpose": "research", "answer": "given", "notice": "2026-1", "analyses_ended": 0}


def test_a_case_of_a_patient_who_refuses_reaches_the_reader_without_analysis(north, draft, answer):
    answer(draft.patient)
    case = submission.submit_case(actor=north.staff, case=draft)
    analysis = Analysis.objects.get()
    assert (case.state, case.flagged, case.tier) == ("ready", True, "")
    assert (analysis.state, analysis.abstain_reason) == ("abstained", "ineligible")
    assert "has not agreed" in wording.verdict(analysis).headline
    assert "has not agreed" in wording.refusal_for_staff(analysis)
    assert not perform_analysis(analysis.pk)


@pytest.mark.parametrize("kept", [{}, {"answer": "given"}], ids=["nothing recorded", "given"])
def test_otherwise_it_is_analysed(north, draft, kept):
    if kept:
        ConsentFactory(patient=draft.patient, **kept)
    submission.submit_case(actor=north.staff, case=draft)
    assert Analysis.objects.get().state == "queued"


@pytest.mark.parametrize("running", [False, True], ids=["queued", "running"])
def test_a_refusal_ends_what_waits_or_runs_and_the_case_goes_on(north, draft, answer, running):
    submission.submit_case(actor=north.staff, case=draft)
    analysis = Analysis.objects.get()
    lease = claim_analysis(analysis.pk)[1] if running else None
    answer(draft.patient)
    analysis.refresh_from_db()
    draft.refresh_from_db()
    assert (analysis.state, draft.state, draft.flagged) == ("abstained", "ready", True)
    assert lease is None or not lease.extend()
    assert AuditEvent.objects.get(action="consent_recorded").payload["analyses_ended"] == 1


def test_an_older_form_entered_later_changes_nothing(north, draft, answer):
    today = timezone.localdate()
    answer(draft.patient, "refused", decided_on=today)
    answer(draft.patient, "given", decided_on=today - timedelta(days=900))
    assert latest_answer(draft.patient, "ai") == "refused"
    assert [each.words for each in standing_of(draft.patient)][1] == "refused"
    submission.submit_case(actor=north.staff, case=draft)
    assert Analysis.objects.get().state == "abstained"


def test_an_older_refusal_entered_later_ends_nothing(north, draft, answer):
    submission.submit_case(actor=north.staff, case=draft)
    answer(draft.patient, "given")
    answer(draft.patient, "refused", decided_on=timezone.localdate() - timedelta(days=900))
    assert Analysis.objects.get().state == "queued"


def test_of_two_answers_of_one_day_the_later_entry_counts(north, answer):
    patient = PatientFactory(clinic=north.clinic)
    answer(patient, "given")
    answer(patient, "refused")
    assert latest_answer(patient, "ai") == "refused"


def test_what_slipped_by_a_refusal_is_not_computed_and_its_case_goes_on(north, draft):
    submission.submit_case(actor=north.staff, case=draft)
    ConsentFactory(patient=draft.patient, answer="refused")
    analysis = Analysis.objects.get()
    assert not perform_analysis(analysis.pk)
    analysis.refresh_from_db()
    draft.refresh_from_db()
    assert (analysis.state, analysis.abstain_reason, analysis.lease_token) == ("abstained", "ineligible", None)
    assert "has not agreed" in analysis.error
    assert (draft.state, draft.flagged) == ("ready", True)
    assert verify_chain(north.clinic).ok


@pytest.fixture
def refused(north, draft, answer):
    """A case that is ready to be read without analysis."""
    answer(draft.patient)
    return submission.submit_case(actor=north.staff, case=draft)


@pytest.mark.parametrize("state", ["submitted", "ready", "in_review", "awaiting_images"])
def test_agreement_after_a_refusal_asks_about_what_stayed_unasked(north, refused, answer, state):
    claim = {"claimed_by": north.dermatologist, "claim_until": timezone.now()} if state == "in_review" else {}
    pause = {"paused_at": timezone.now()} if state == "awaiting_images" else {}
    Case.objects.filter(pk=refused.pk).update(state=state, **claim, **pause)
    answer(refused.patient, "given")
    before, after = Analysis.objects.order_by("created_at")
    assert (before.state, after.state, after.image_id) == ("superseded", "queued", before.image_id)
    assert AuditEvent.objects.get(action="analysis_queued").object_id == str(after.pk)
    assert AuditEvent.objects.filter(action="consent_recorded").last().payload["analyses_queued"] == 1
    assert perform_analysis(after.pk)
    assert verify_chain(north.clinic).ok


@pytest.mark.parametrize("state", ["decided", "closed", "cancelled"])
def test_nothing_is_asked_about_a_case_that_is_over(refused, answer, state):
    Case.objects.filter(pk=refused.pk).update(state=state)
    answer(refused.patient, "given")
    assert Analysis.objects.get().state == "abstained"


@pytest.mark.parametrize(
    ("given", "purpose", "days"), [("given", "research", 0), ("refused", "ai", 0), ("given", "ai", 900)]
)
def test_only_agreement_to_analysis_that_counts_asks_again(refused, answer, given, purpose, days):
    answer(refused.patient, given, purpose=purpose, decided_on=timezone.localdate() - timedelta(days=days))
    assert Analysis.objects.get().state == "abstained"


def test_what_the_network_itself_would_not_judge_stays_as_it_is(north, active_model, answer):
    case = CaseFactory(patient__clinic=north.clinic, ready=True)
    AnalysisFactory(image__case=case, abstained=True, abstain_reason="ineligible", model_version=active_model)
    answer(case.patient, "given")
    assert Analysis.objects.get().state == "abstained"


def test_a_worker_is_woken_for_what_agreement_allows(north, refused, client_for, django_capture_on_commit_callbacks):
    form = {"purpose": "ai", "answer": "given", "notice": "2026-1", "decided_on": str(timezone.localdate())}
    with django_capture_on_commit_callbacks(execute=True):
        client_for(north.staff).post(f"/patients/{refused.patient_id}/consents/", form)
    assert Analysis.objects.current().get().published_at


def test_a_refusal_of_another_purpose_or_patient_leaves_analyses_alone(north, draft, answer):
    submission.submit_case(actor=north.staff, case=draft)
    answer(draft.patient, purpose="research")
    answer(PatientFactory(clinic=north.clinic))
    assert Analysis.objects.get().state == "queued"


def test_a_failed_analysis_is_not_tried_again_after_a_refusal(north, answer):
    case = CaseFactory(patient__clinic=north.clinic, ready=True)
    analysis = AnalysisFactory(image__case=case, failed=True)
    answer(case.patient)
    with pytest.raises(Conflict, match="has not agreed"):
        retry_analysis(actor=north.staff, analysis=analysis)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"purpose": "marketing"}, "purpose"),
        ({"answer": "perhaps"}, "answer"),
        ({"notice": " "}, "notice"),
        ({"decided_on": timezone.localdate() + timedelta(days=2)}, "decided_on"),
    ],
)
def test_a_wrong_field_is_named(north, answer, changes, field):
    with pytest.raises(InvalidInput) as refusal:
        answer(PatientFactory(clinic=north.clinic), **changes)
    assert list(refusal.value.errors) == [field]
    assert not Consent.objects.exists()


def test_it_is_for_those_who_care_and_for_their_own_patients(north, south, answer):
    patient = PatientFactory(clinic=north.clinic)
    with pytest.raises(Forbidden):
        answer(patient, actor=north.admin)
    with pytest.raises(NotFound):
        answer(patient, actor=south.staff)


def test_the_patients_page_records_an_answer_and_intake_says_what_follows(north, draft, client_for):
    staff = client_for(north.staff)
    form = {"purpose": "ai", "answer": "refused", "notice": "2026-1", "decided_on": "2026-11-01"}
    where = f"/patients/{draft.patient_id}/consents/"
    intake = f"/cases/{draft.pk}/intake/"
    assert "Consent to analysis not recorded" in staff.get(intake).content.decode()
    refused = staff.post(where, {**form, "notice": ""})
    assert refused.status_code == 422
    assert 'id="id_notice_error_1"' in refused.content.decode()
    page = staff.post(where, form, follow=True).content.decode()
    assert "notice 2026-1" in page
    assert "goes to the dermatologist without it" in staff.get(intake).content.decode()
