"""Consent by purpose: each answer is kept, and "no" to analysis takes effect at once."""

from datetime import date

from django.db import transaction
from django.utils import timezone

from cases.models import Analysis, Case, Consent, ExplanationRequest, ModelVersion, Patient, User
from cases.permissions import ensure_may, find, visible_patients
from cases.selectors.consents import latest_answer, refuses_ai
from cases.services import audit
from cases.services.assessment import settle_case
from cases.services.checks import Problems
from cases.services.refusal import NO_CONSENT, without_consent
from cases.services.submission import queue_analysis, record_queued
from cases.states import ASSESSABLE_CASE, AnalysisState, CaseState, ExplanationState
from cases.vocabulary import AbstainReason, Action, ConsentAnswer, Purpose

_AGREED = (Purpose.AI, ConsentAnswer.GIVEN)
# A case that awaits images keeps those it has, and comes back with them.
_UNDECIDED_CASE = (*ASSESSABLE_CASE, CaseState.AWAITING_IMAGES)


def record_consent(
    *, actor: User, patient: Patient, purpose: str, answer: str, notice: str, decided_on: date | None = None
) -> Consent:
    """Keep an answer. A refusal of analysis ends what is still queued or running; the cases go on without it.

    Agreement asks the network about what stayed unasked in cases that nobody has decided; the caller publishes it on
    commit. What counts is the answer that was decided last.
    """
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
        _hold(patient)
        consent = Consent.objects.create(
            patient=patient,
            purpose=purpose,
            answer=answer,
            notice=notice,
            decided_on=decided_on,
            recorded_by=actor,
        )
        stops = purpose == Purpose.AI and refuses_ai(patient)  # an older form, entered late, may stop nothing
        ended = _end_analyses(patient) if stops else []
        explanations = _end_explanations(patient) if stops else []
        asked = _ask_again(patient) if (purpose, latest_answer(patient, purpose)) == _AGREED else []
        payload = {"purpose": purpose, "answer": answer, "notice": notice, "analyses_ended": len(ended)}
        payload |= {"analyses_queued": len(asked)} if asked else {}
        action = Action.CONSENT_RECORDED
        audit.record(clinic=patient.clinic, actor=actor, action=action, about=patient, payload=payload)
        for analysis in ended:
            _record_end(patient, actor, analysis)
        for request in explanations:
            _record_vain(patient, actor, request)
        for analysis in asked:
            record_queued(analysis.image.case, actor, analysis)
        for case in sorted({analysis.image.case_id for analysis in [*ended, *asked]}):
            settle_case(case)
    return consent


def _hold(patient: Patient) -> None:
    """All that an answer may touch, before the trail: in a circle with its holder nobody would get on.

    In the order of workers (analysis, case), submissions (case, patient) and retries (analysis, patient).
    """
    analyses = Analysis.objects.open().filter(image__case__patient=patient).order_by("pk")
    list(analyses.select_for_update(of=("self",), no_key=True))
    list(Case.objects.filter(patient=patient).order_by("pk").select_for_update(no_key=True))
    Patient.objects.select_for_update(no_key=True).get(pk=patient.pk)


def _end_analyses(patient: Patient) -> list[Analysis]:
    """A worker that is at it loses its lease, so that its result finds nothing to be recorded in."""
    found = list(Analysis.objects.open().filter(image__case__patient=patient).select_related("image").order_by("pk"))
    changes = {**without_consent(), "lease_token": None, "lease_until": None}
    return [analysis for analysis in found if Analysis.objects.open().filter(pk=analysis.pk).update(**changes)]


def _ask_again(patient: Patient) -> list[Analysis]:
    """A refusal taken back, or recorded by mistake: nothing else would ever ask about these images."""
    model_version = ModelVersion.objects.of_clinic(patient.clinic).active().first()
    if model_version is None:
        return []
    unasked = Analysis.objects.standing().filter(
        state=AnalysisState.ABSTAINED,
        abstain_reason=AbstainReason.INELIGIBLE,
        error=NO_CONSENT,
        image__case__patient=patient,
        image__case__state__in=_UNDECIDED_CASE,
    )
    found = list(unasked.select_related("image__case__patient__clinic", "image__lesion").order_by("pk"))
    Analysis.objects.filter(pk__in=[analysis.pk for analysis in found]).update(state=AnalysisState.SUPERSEDED)
    queued = [queue_analysis(each.image.case, each.image, model_version) for each in found]
    return list(filter(None, queued))


def _end_explanations(patient: Patient) -> list[ExplanationRequest]:
    """As for analyses: what was asked for and is not made yet is never made."""
    waiting = ExplanationRequest.objects.open().select_related("analysis__image")
    found = list(waiting.filter(analysis__image__case__patient=patient).order_by("pk"))
    changes = {
        "state": ExplanationState.FAILED,
        "progress": 0,
        "error": NO_CONSENT,
        "lease_token": None,
        "lease_until": None,
        "published_at": None,
        "finished_at": timezone.now(),
    }
    return [each for each in found if ExplanationRequest.objects.open().filter(pk=each.pk).update(**changes)]


def _record_end(patient: Patient, actor: User, analysis: Analysis) -> None:
    audit.record(
        clinic=patient.clinic,
        actor=actor,
        action=Action.ANALYSIS_ABSTAINED,
        about=analysis,
        payload={"case": str(analysis.image.case_id), "abstain_reason": "ineligible", "consent": "refused"},
    )


def _record_vain(patient: Patient, actor: User, request: ExplanationRequest) -> None:
    told = {"case": str(request.analysis.image.case_id), "method": request.method, "diagnosis": request.diagnosis}
    audit.record(
        clinic=patient.clinic,
        actor=actor,
        action=Action.EXPLANATION_FAILED,
        about=request.analysis,
        payload={**told, "explanation": str(request.pk), "consent": "refused"},
    )
