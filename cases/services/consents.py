"""Consent by purpose: each answer is kept, and "no" to analysis takes effect at once."""

from datetime import date

from django.db import transaction
from django.utils import timezone

from cases.models import Analysis, Case, Consent, Patient, User
from cases.models.analysis import Step
from cases.permissions import ensure_may, find, visible_patients
from cases.services import audit
from cases.services.assessment import settle_case
from cases.services.checks import Problems
from cases.states import ASSESSABLE_CASE, AnalysisState
from cases.vocabulary import AbstainReason, Action, ConsentAnswer, Purpose

NO_CONSENT = "The patient has not agreed to analysis by a network."


def record_consent(
    *, actor: User, patient: Patient, purpose: str, answer: str, notice: str, decided_on: date | None = None
) -> Consent:
    """Keep an answer. A refusal of analysis ends what is still queued or running; the cases go on without it."""
    ensure_may(actor, "record_consent")
    notice = notice.strip()
    decided_on = decided_on or timezone.localdate()
    problems = Problems()
    problems.choice("purpose", purpose, Purpose)
    problems.choice("answer", answer, ConsentAnswer)
    problems.text("notice", notice, longest=40)
    problems.past("decided_on", decided_on)
    problems.raise_if_any()
    with transaction.atomic():
        patient = find(visible_patients(actor), patient.pk)
        stops = (purpose, answer) == (Purpose.AI, ConsentAnswer.REFUSED)
        # In the order that workers (analysis, case) and submissions (case, patient) lock in: nobody waits in a circle.
        ended = _end_analyses(patient) if stops else []
        open_cases = Case.objects.filter(patient=patient, state__in=ASSESSABLE_CASE).order_by("pk")
        list(open_cases.select_for_update(no_key=True))
        Patient.objects.select_for_update(no_key=True).get(pk=patient.pk)
        ended += _end_analyses(patient) if stops else []  # of a submission that was under way
        consent = Consent.objects.create(
            patient=patient,
            purpose=purpose,
            answer=answer,
            notice=notice,
            decided_on=decided_on,
            recorded_by=actor,
        )
        payload = {"purpose": purpose, "answer": answer, "notice": notice, "analyses_ended": len(ended)}
        action = Action.CONSENT_RECORDED
        audit.record(clinic=patient.clinic, actor=actor, action=action, about=patient, payload=payload)
        for analysis in ended:
            _record_end(patient, actor, analysis)
        for case in sorted({analysis.image.case_id for analysis in ended}):
            settle_case(case)
    return consent


def without_consent() -> dict[str, object]:
    """The fields of an analysis that the patient did not agree to: it abstains, and says why."""
    return {
        "state": AnalysisState.ABSTAINED,
        "step": Step.DONE,
        "abstain_reason": AbstainReason.INELIGIBLE,
        "error": NO_CONSENT,
        "finished_at": timezone.now(),
    }


def _end_analyses(patient: Patient) -> list[Analysis]:
    """A worker that is at it loses its lease, so that its result finds nothing to be recorded in."""
    found = list(Analysis.objects.open().filter(image__case__patient=patient).select_related("image").order_by("pk"))
    changes = {**without_consent(), "lease_token": None, "lease_until": None}
    return [analysis for analysis in found if Analysis.objects.open().filter(pk=analysis.pk).update(**changes)]


def _record_end(patient: Patient, actor: User, analysis: Analysis) -> None:
    audit.record(
        clinic=patient.clinic,
        actor=actor,
        action=Action.ANALYSIS_ABSTAINED,
        about=analysis,
        payload={"case": str(analysis.image.case_id), "abstain_reason": "ineligible", "consent": "refused"},
    )
