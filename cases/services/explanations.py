"""A reader's wish for a slow explanation, from request to picture. The row is the job, as an analysis is.

Its progress keeps its lease: a worker that is killed stops reporting, and the sweeper queues the row again.
"""

import logging
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from cases.errors import Conflict
from cases.models import Analysis, ExplanationRequest, Patient, User
from cases.permissions import ensure_may, ensure_visible, visible_analyses
from cases.runtime import predictor_for
from cases.selectors.consents import refuses_ai
from cases.services import audit
from cases.services.checks import Problems
from cases.services.refusal import NO_CONSENT
from cases.states import ExplanationState
from cases.vocabulary import Action, Diagnosis, SurrogateMethod
from inference.errors import InferenceError
from inference.metadata import Metadata
from inference.surrogate_overlay import surrogate_png
from inference.surrogates import SurrogateExplanation, explain_image

logger = logging.getLogger(__name__)

_REPORT_EVERY = 5  # percent: some twenty writes in the life of an explanation


class _LostLeaseError(Exception):
    """The row belongs to another worker now."""


def request_explanation(*, actor: User, analysis: Analysis, method: str, diagnosis: str) -> ExplanationRequest:
    """Queue one explanation. Asked for again it is the same one; a failed one is tried again.

    The caller publishes it on commit.
    """
    ensure_may(actor, "explain_analysis")
    ensure_visible(visible_analyses(actor), analysis)
    problems = Problems()
    problems.choice("method", method, SurrogateMethod)
    problems.choice("diagnosis", diagnosis, Diagnosis)
    problems.raise_if_any()
    if analysis.answer is None:
        raise Conflict("This analysis has no answer, and so there is nothing to explain.")
    wanted = {"analysis": analysis, "method": method, "diagnosis": diagnosis}
    with transaction.atomic():
        # A refusal waits for this request and ends it, or is seen by it.
        patient = Patient.objects.select_for_update(no_key=True).get(pk=analysis.image.case.patient_id)
        if refuses_ai(patient):
            raise Conflict(f"{NO_CONSENT} Nothing more is computed from this image.")
        request, is_new = ExplanationRequest.objects.get_or_create(**wanted, defaults={"requested_by": actor})
        if is_new or _try_again(request, actor):
            _record(request, Action.EXPLANATION_REQUESTED, actor=actor)
    request.refresh_from_db()
    return request


def perform_explanation(request_id: Any) -> bool:
    """Make one explanation if it is still to be made. Running it twice, or late, changes nothing."""
    request = _claim(request_id)
    if request is None:
        return False
    try:
        made = _explain(request)
        picture = surrogate_png(made.surrogate.patches, made.surrogate.weights, made.geometry)
    except _LostLeaseError:
        return False
    except FileNotFoundError:
        return end_in_vain(request, reason="A stored file of the image or of the model is missing.")
    except (InferenceError, ValueError) as error:
        return end_in_vain(request, reason=str(error))
    except Exception as error:
        logger.warning("explanation %s: %s", request.pk, type(error).__name__, exc_info=True)
        return end_in_vain(request, reason=_in_words(error))
    return _keep(request, made, picture)


def end_in_vain(
    request: ExplanationRequest, *, reason: str, again: bool = False, expired_by: datetime | None = None
) -> bool:
    """running → failed with its reason; with `again`, → queued while attempts are left."""
    again = again and request.attempt < settings.ANALYSIS_MAX_ATTEMPTS
    held = ExplanationRequest.objects.held_with(request.lease_token).filter(pk=request.pk)
    if expired_by is not None:
        held = held.filter(lease_until__lte=expired_by)  # its worker may have reported meanwhile
    with transaction.atomic():
        ended = held.update(
            state=ExplanationState.QUEUED if again else ExplanationState.FAILED,
            progress=0,
            lease_token=None,
            lease_until=None,
            published_at=None,
            error="" if again else (reason or "It failed without a reason.")[:500],
            finished_at=None if again else timezone.now(),
        )
        if ended and not again:
            _record(request, Action.EXPLANATION_FAILED)
    return bool(ended)


def _claim(request_id: Any) -> ExplanationRequest | None:
    taken = (
        ExplanationRequest.objects.queued()
        .filter(pk=request_id)
        .update(
            state=ExplanationState.RUNNING,
            attempt=F("attempt") + 1,
            lease_token=uuid.uuid4(),
            lease_until=_lease_end(),
        )
    )
    if not taken:
        return None
    request = _with_context(request_id)
    if refuses_ai(request.analysis.image.case.patient):  # a refusal that comes later takes the lease away
        end_in_vain(request, reason=NO_CONSENT)
        return None
    return request


def _explain(request: ExplanationRequest) -> SurrogateExplanation:
    analysis = request.analysis
    with analysis.image.file.open("rb") as file:
        data = file.read()
    return explain_image(
        predictor_for(analysis.model_version),
        data,
        Metadata(**analysis.metadata),
        method=request.method,
        code=request.diagnosis,
        progress=_reporter(request),
    )


def _reporter(request: ExplanationRequest):
    """Writes every few percent how far the work is, and keeps the lease by it."""
    told = 0

    def report(done: int, total: int) -> None:
        nonlocal told
        percent = done * 100 // total
        if percent < told + _REPORT_EVERY:
            return
        told = percent
        held = ExplanationRequest.objects.held_with(request.lease_token).filter(pk=request.pk)
        if not held.update(progress=percent, lease_until=_lease_end()):
            raise _LostLeaseError

    return report


def _keep(request: ExplanationRequest, made: SurrogateExplanation, picture: bytes) -> bool:
    """Everything in one update; a late twin finds another token and leaves the row alone."""
    with transaction.atomic():
        ended = (
            ExplanationRequest.objects.held_with(request.lease_token)
            .filter(pk=request.pk)
            .update(
                state=ExplanationState.DONE,
                progress=100,
                lease_token=None,
                lease_until=None,
                samples=made.samples,
                seed=made.seed,
                r2=made.surrogate.r2,
                weights=list(made.surrogate.weights),
                overlay=picture,
                finished_at=timezone.now(),
            )
        )
        if ended:
            _record(request, Action.EXPLANATION_MADE)
    return bool(ended)


def _try_again(request: ExplanationRequest, actor: User) -> bool:
    failed = ExplanationRequest.objects.filter(pk=request.pk, state=ExplanationState.FAILED)
    return bool(
        failed.update(
            state=ExplanationState.QUEUED, attempt=0, error="", published_at=None, finished_at=None, requested_by=actor
        )
    )


def _with_context(request_id: Any) -> ExplanationRequest:
    return ExplanationRequest.objects.select_related(
        "analysis__image__case__patient__clinic", "analysis__model_version"
    ).get(pk=request_id)


def _record(request: ExplanationRequest, action: Action, *, actor: User | None = None) -> None:
    case = request.analysis.image.case
    told = {"case": str(case.pk), "method": str(request.method), "diagnosis": str(request.diagnosis)}
    audit.record(
        clinic=case.clinic,
        actor=actor,
        action=action,
        about=request.analysis,
        payload={**told, "explanation": str(request.pk)},
    )


def _in_words(error: Exception) -> str:
    """Never the error's own text, which may hold a path or a value. The log has it."""
    if "TimeLimit" in type(error).__name__:
        return f"It took longer than {settings.EXPLANATION_SOFT_TIME_LIMIT:g} seconds. Ask again when less is going on."
    return "It stopped with an unexpected error."


def _lease_end() -> datetime:
    return timezone.now() + timedelta(seconds=settings.EXPLANATION_LEASE_SECONDS)
