"""Operations that end by waking a worker. Pages and API call these; the rows they wake for are already committed."""

import logging
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from cases.models import Analysis, Case, Consent, ExplanationRequest, Patient, User
from cases.services import analyses, consents, explanations, submission, sweep
from cases.services.queue import fold_tallies, put_triggers_back
from cases.states import AnalysisState, ExplanationState
from cases.tasks import analyse, explain

logger = logging.getLogger(__name__)


def submit_case(*, actor: User, case: Case) -> Case:
    """Submit a case and wake a worker for each of its images."""
    with transaction.atomic():
        case = submission.submit_case(actor=actor, case=case)
        for pk in Analysis.objects.never_published().filter(image__case=case).values_list("pk", flat=True):
            transaction.on_commit(partial(publish_analysis, pk))
    return case


def record_consent(*, actor: User, patient: Patient, **answer: Any) -> Consent:
    """Keep an answer, and wake a worker for each image that it lets the network be asked about."""
    with transaction.atomic():
        consent = consents.record_consent(actor=actor, patient=patient, **answer)
        waiting = Analysis.objects.never_published().filter(image__case__patient=patient)
        for pk in waiting.values_list("pk", flat=True):
            transaction.on_commit(partial(publish_analysis, pk))
    return consent


def retry_analysis(*, actor: User, analysis: Analysis) -> Analysis:
    """Queue a failed analysis again and wake a worker for it."""
    with transaction.atomic():
        analysis = analyses.retry_analysis(actor=actor, analysis=analysis)
        transaction.on_commit(partial(publish_analysis, analysis.pk))
    return analysis


def request_explanation(*, actor: User, analysis: Analysis, method: str, diagnosis: str) -> ExplanationRequest:
    """Ask for a slow explanation and wake a worker for it."""
    with transaction.atomic():
        request = explanations.request_explanation(actor=actor, analysis=analysis, method=method, diagnosis=diagnosis)
        if request.state == ExplanationState.QUEUED and request.published_at is None:
            transaction.on_commit(partial(publish_explanation, request.pk))
    return request


def publish_analysis(analysis_id) -> bool:
    """Send one wake-up call. A broker that is down costs the caller a moment, and the sweeper sends it later.

    So does a database that goes away just now: what the caller committed stays committed, and is answered as such.
    """
    try:
        analyse.apply_async((str(analysis_id),), retry=False)
        Analysis.objects.queued().filter(pk=analysis_id).update(published_at=timezone.now())
    except Exception as error:  # noqa: BLE001  each broker fails in its own way
        logger.warning("analysis %s: not published for certain, the sweeper will: %s", analysis_id, error)
        return False
    return True


def publish_explanation(request_id) -> bool:
    """Send one wake-up call, as for an analysis; what cannot be sent now the sweeper sends later."""
    try:
        explain.apply_async((str(request_id),), retry=False)
        ExplanationRequest.objects.queued().filter(pk=request_id).update(published_at=timezone.now())
    except Exception as error:  # noqa: BLE001  each broker fails in its own way
        logger.warning("explanation %s: not published for certain, the sweeper will: %s", request_id, error)
        return False
    return True


def sweep_once() -> dict[str, int]:
    """Everything that time brings about, once; returns how many rows each part moved."""
    return {
        "leases_taken_back": sweep.take_back_expired_leases(),
        "cases_made_ready": sweep.ready_overdue_cases(),
        "claims_released": sweep.release_idle_claims(),
        "uploads_expired": sweep.expire_uploads(),
        "analyses_published": publish_waiting(),
        "explanations_taken_back": sweep.take_back_lost_explanations(),
        "explanations_published": publish_waiting_explanations(),
        "tallies_folded": fold_tallies(),
        "triggers_put_back": put_triggers_back(),
    }


def publish_waiting() -> int:
    """Publish what was never published, and again what was published but may have been lost with its broker.

    It stops at the first failure: with the broker away, each further attempt would only wait for its time-out.
    """
    published = 0
    for pk in _to_publish():
        if not publish_analysis(pk):
            break
        published += 1
    return published


def publish_waiting_explanations() -> int:
    """Explanations are few: one that brought no claim for minutes is published again, whatever else runs."""
    patience = settings.REPUBLISH_BUSY_SECONDS
    waiting = ExplanationRequest.objects.to_publish(timezone.now(), patience).values_list("pk", flat=True)
    published = 0
    for pk in list(waiting):
        if not publish_explanation(pk):
            break
        published += 1
    return published


def _to_publish() -> list[object]:
    now = timezone.now()
    # While workers work, the queue is alive and a long wait is only a long queue.
    patience = settings.REPUBLISH_BUSY_SECONDS if _queue_is_alive(now) else settings.REPUBLISH_IDLE_SECONDS
    waiting = Analysis.objects.never_published() | Analysis.objects.silent_since(now, patience)
    return list(waiting.order_by("created_at", "id").values_list("pk", flat=True))


def _queue_is_alive(now: datetime) -> bool:
    """Something runs, or did a moment ago: between two tasks nothing does."""
    lately = now - timedelta(seconds=settings.REPUBLISH_IDLE_SECONDS)
    running = Q(state=AnalysisState.RUNNING, lease_until__gt=now)
    return Analysis.objects.filter(running | Q(started_at__gt=lately) | Q(finished_at__gt=lately)).exists()
