"""Everything that stands in the reading room, gathered for its template."""

from typing import Any

from django.utils import timezone

from cases.models import Analysis, Case, LesionImage, User
from cases.permissions import may
from cases.selectors import reading as selectors
from cases.selectors.attribution import account_of
from cases.selectors.policy import flag_policy
from cases.selectors.progress import case_progress
from cases.selectors.results import leading, possible, probability_rows
from cases.selectors.retakes import retakes_of
from cases.selectors.scales import descriptors_of, newest_scale
from cases.selectors.twins import overridden_twin
from cases.selectors.worklist import Worklist
from cases.states import AnalysisState, CaseState
from cases.views.explanations import explanation_context
from cases.vocabulary import Answer, finding_words
from cases.wording import SCC_NOTE, coverage, descriptor_rows, is_malignant, quality_hint, set_note, trust, verdict

NEXT_SHOWN = 6


def room(user: User, case: Case, *, wanted_image: str) -> dict[str, Any]:
    images = selectors.images_to_read(user, case)
    answers = selectors.answers_to_read(images)
    image = _chosen(images, wanted_image)
    analysis = image.current_analysis if image else None
    return {
        "case": case,
        "patient": case.patient,
        "images": images,
        "image": image,
        "place": images.index(image) + 1 if image else 0,
        "analysis": analysis,
        "leading": leading(answers),
        "possible": possible(answers),
        "verdict": verdict(analysis),
        "scc_note": SCC_NOTE,
        "threshold": _threshold(case),
        **_result(image, analysis),
        **(explanation_context(user, analysis) if analysis and analysis.answer else {}),
        **_quality(image),
        "scale": newest_scale(user, image) if image else None,
        "twin": overridden_twin(user, image) if image else None,
        "symptoms": _symptoms(case),
        "reads": list(selectors.reads_of(user, case)),
        "earlier": list(selectors.earlier_reads(user, case)[:10]),
        "progress": case_progress(case) if case.state == CaseState.SUBMITTED else None,
        **_standing(user, case),
        **_retakes(user, case),
        **_neighbours(user, case),
    }


def _chosen(images: list[LesionImage], wanted: str) -> LesionImage | None:
    return next((image for image in images if str(image.pk) == wanted), None) or selectors.first_to_look_at(images)


def _threshold(case: Case) -> float | None:
    """The threshold the case was judged by; before that, the clinic's present one."""
    if case.flag_threshold is not None:
        return case.flag_threshold
    policy = flag_policy(case.clinic)
    return policy.threshold if policy else None


def _result(image: LesionImage | None, analysis: Analysis | None) -> dict[str, Any]:
    """Figures stand on the page only when they are an answer: never for an abstention."""
    if image is None or analysis is None or analysis.state != AnalysisState.SUCCEEDED:
        return {"answered": False, "model": analysis.model_version if analysis else None}
    explanation = getattr(analysis, "explanation", None)
    trusted, sentence = trust(explanation, analysis.prediction.diagnosis) if explanation else (False, "")
    return {
        "answered": True,
        "model": analysis.model_version,
        "prediction": analysis.prediction,
        "set_note": set_note(analysis.prediction),
        "coverage": coverage(analysis),
        "rows": [(row, is_malignant(row.code)) for row in probability_rows(analysis)],
        "account": account_of(analysis),
        "explanation": explanation,
        "trusted": trusted,
        "trust_sentence": sentence,
        "descriptors": descriptor_rows(descriptors_of(explanation, image), scaled=image.pixel_spacing is not None),
    }


def _quality(image: LesionImage | None) -> dict[str, Any]:
    check = getattr(image, "quality_check", None)
    findings = finding_words(check.reasons) if check else ""
    return {"quality": check, "quality_findings": findings, "quality_hint": quality_hint(image) if image else ""}


def _symptoms(case: Case) -> dict[str, list[str]]:
    """The patient's answers, grouped: what is unknown is said, not left out."""
    answers = case.symptoms
    return {answer.label: [symptom for symptom, given in answers.items() if given == answer] for answer in Answer}


def _standing(user: User, case: Case) -> dict[str, Any]:
    """Who holds the case, and what this person may do with it now."""
    held = case.state == CaseState.IN_REVIEW
    holds = held and case.claimed_by_id == user.pk
    expired = held and case.claim_until <= timezone.now()
    return {
        "holds": holds and may(user, "record_read"),
        "held_by_other": held and not holds and not expired,
        "may_claim": may(user, "claim_case") and (case.state == CaseState.READY or (expired and not holds)),
        "may_retry": may(user, "retry_analysis"),
    }


def _retakes(user: User, case: Case) -> dict[str, Any]:
    """What other images were asked for, and whether this person may ask for some now."""
    retakes = retakes_of(user, case)
    free = case.state == CaseState.READY or (case.state == CaseState.IN_REVIEW and case.claimed_by_id == user.pk)
    return {
        "retakes": retakes,
        "retake": next((retake for retake in retakes if retake.is_open), None),
        "may_ask": free and may(user, "request_images"),
        "may_withdraw": may(user, "withdraw_request"),
    }


def _neighbours(user: User, case: Case) -> dict[str, Any]:
    """The queue around this case: its place, the one before, and those that come next."""
    queue = Worklist(user)
    place, upcoming, before = queue.around(case, NEXT_SHOWN)
    return {
        "queue_place": place,
        "queue_length": len(queue),
        "upcoming": upcoming,
        "next_case": upcoming[0] if upcoming else None,
        "previous_case": before[0] if before else None,
    }
