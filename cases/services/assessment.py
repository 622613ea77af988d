"""What the analyses of a case say together, and when the case is ready for a dermatologist."""

from datetime import datetime

from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from cases.models import Analysis, Case, LesionImage
from cases.selectors.full import current_answers
from cases.selectors.urgency import carried_urgency
from cases.services import audit
from cases.states import ASSESSABLE_CASE, OPEN_ANALYSIS, AnalysisState, CaseState
from cases.vocabulary import AbstainReason, Action, Tier

_BY_URGENCY = (Tier.URGENT, Tier.SOON, Tier.ROUTINE)


def lock_case(case_id) -> Case:
    """The case, held until the transaction ends. Whoever ends an analysis holds it before the audit chain."""
    cases = Case.objects.select_related("patient__clinic").select_for_update(of=("self",), no_key=True)
    return cases.get(pk=case_id)


def settle_case(case_id, *, now: datetime | None = None) -> Case:
    """Bring a case up to date with its analyses; submitted → ready when all have ended or the deadline has passed.

    The case is locked before the analyses are counted: of two that end at once, the second sees the first.
    """
    now = now or timezone.now()
    with transaction.atomic():
        case = lock_case(case_id)
        if case.state not in ASSESSABLE_CASE:
            return case
        analyses = _analyses_of(case)
        _assess(case, analyses)
        overdue = case.analysis_deadline is not None and case.analysis_deadline <= now
        still_open = any(analysis.state in OPEN_ANALYSIS for analysis in analyses)
        becomes_ready = case.state == CaseState.SUBMITTED and (overdue or not still_open)
        if becomes_ready:
            case.move_to(CaseState.READY, now=now)
            case.ready_at = now
        case.save()
        if becomes_ready:
            audit.record(
                clinic=case.clinic,
                actor=None,
                action=Action.CASE_READY,
                about=case,
                payload={"tier": case.tier, "flagged": case.flagged, "deadline_passed": overdue and still_open},
            )
    return case


def _analyses_of(case: Case) -> list[Analysis]:
    """What counts: a replaced image's answer stays in the record only."""
    current = Analysis.objects.current().standing().filter(image__case=case)
    found = current.select_related("prediction", "image", "model_version")
    return list(found.defer("model_version__manifest", "model_version__card"))


def _images_of(case: Case) -> QuerySet[LesionImage]:
    """All of them, the replaced ones too, with what the network said of each."""
    return case.images.prefetch_related(Prefetch("analyses", current_answers()))


def _assess(case: Case, analyses: list[Analysis]) -> None:
    """Tier, malignancy and flag. Silence about a lesion is a reason to look, never to skip."""
    answered = [analysis for analysis in analyses if analysis.state == AnalysisState.SUCCEEDED]
    case.silent = not answered or _silent(case, analyses, answered)
    # What was urgent before a retake stays so until the new image has an answer.
    answered = [*answered, *carried_urgency(_images_of(case))] if case.silent else answered
    tiers = {analysis.prediction.tier for analysis in answered}
    worst = next((tier for tier in _BY_URGENCY if tier in tiers), "")
    # An unassessed lesion beside one that is merely "soon" or "routine" leaves the case unassessed.
    case.tier = worst if worst == Tier.URGENT or not case.silent else ""
    case.malignancy = max((analysis.prediction.malignancy for analysis in answered), default=None)
    case.flag_threshold = _threshold(case, answered)
    reaches = None not in (case.malignancy, case.flag_threshold) and case.malignancy >= case.flag_threshold
    case.flagged = reaches or case.silent


def _threshold(case: Case, answered: list[Analysis]) -> float | None:
    """The malignancy from which the case is flagged.

    The clinic's policy, as it was when the case was first judged. Without one each score is judged by the version that
    gave it, since a threshold holds for its own model only: the lowest that is reached, or else the highest score's.
    """
    if case.clinic.flag_threshold is not None:
        return case.clinic.flag_threshold if case.flag_threshold is None else case.flag_threshold
    judged = [(analysis.prediction.malignancy, analysis.model_version.flag_threshold) for analysis in answered]
    reached = [threshold for malignancy, threshold in judged if malignancy >= threshold]
    return min(reached) if reached else max(judged, default=(None, None))[1]


def _silent(case: Case, analyses: list[Analysis], answered: list[Analysis]) -> bool:
    """Did the network leave an image without an answer, whether it was asked about it or not?

    An overview beside a dermoscopic image of the same lesion is not scored by design, and that is no silence: unless it
    stands in another's stead, whose answer it would take from the case and give none for it.
    """
    lesions = {analysis.image.lesion_id for analysis in answered}
    if case.images.standing().exclude(pk__in={analysis.image_id for analysis in analyses}).exists():
        return True
    return any(
        analysis.state != AnalysisState.SUCCEEDED and not _is_beside_an_answer(analysis, lesions)
        for analysis in analyses
    )


def _is_beside_an_answer(analysis: Analysis, lesions: set) -> bool:
    unscored = analysis.abstain_reason == AbstainReason.MODALITY and analysis.image.replaces_id is None
    return unscored and analysis.image.lesion_id in lesions
