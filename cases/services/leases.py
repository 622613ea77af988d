"""An analysis is a job with a lease: one conditional UPDATE takes it, a heartbeat keeps it, a token ends it."""

import logging
import threading
import time
import uuid
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Self

from django.conf import settings
from django.db import Error, connection, transaction
from django.db.models import F
from django.utils import timezone

from cases.models import Analysis
from cases.models.analysis import Step
from cases.selectors.consents import refuses_ai
from cases.services import audit
from cases.services.assessment import lock_case, settle_case
from cases.services.refusal import without_consent
from cases.states import AnalysisState
from cases.vocabulary import Action

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Lease:
    """The right to work on one analysis, until it runs out or another worker has it."""

    analysis_id: uuid.UUID
    token: uuid.UUID

    def extend(self, *, step: Step | None = None) -> bool:
        """Keep the job for another lease, and say how far it is. False: it belongs to somebody else now."""
        changes = {"lease_until": _lease_end()} | ({"step": step} if step else {})
        return bool(Analysis.objects.held_with(self.token).filter(pk=self.analysis_id).update(**changes))


def claim_analysis(analysis_id) -> tuple[Analysis, Lease] | None:
    """queued → running, counting the attempt; None when there is nothing to do (any more)."""
    lease = Lease(uuid.UUID(str(analysis_id)), uuid.uuid4())
    with transaction.atomic():
        taken = (
            Analysis.objects.queued()
            .filter(pk=analysis_id, attempt__lt=settings.ANALYSIS_MAX_ATTEMPTS)
            .update(
                state=AnalysisState.RUNNING,
                step=Step.QUEUED,
                attempt=F("attempt") + 1,
                lease_token=lease.token,
                lease_until=_lease_end(),
                started_at=timezone.now(),
            )
        )
        if not taken:
            return None
        analysis = with_context(analysis_id)
        if refuses_ai(analysis.image.case.patient):
            _end_unasked(analysis)
            return None
        record_step(analysis, Action.ANALYSIS_STARTED, attempt=analysis.attempt)
    return analysis, lease


def _end_unasked(analysis: Analysis) -> None:
    """A refusal ends what it finds open; whatever slipped by it ends here, before the picture is opened."""
    freed = {"lease_token": None, "lease_until": None}
    Analysis.objects.filter(pk=analysis.pk).update(**without_consent(), **freed)
    lock_case(analysis.image.case_id)
    record_step(analysis, Action.ANALYSIS_ABSTAINED, abstain_reason="ineligible", consent="refused")
    settle_case(analysis.image.case_id)


def with_context(analysis_id) -> Analysis:
    """The analysis with everything that is read beside it."""
    return Analysis.objects.select_related("image__case__patient__clinic", "image__lesion", "model_version").get(
        pk=analysis_id
    )


def record_step(analysis: Analysis, action: Action, **payload: object) -> None:
    """The worker's line in the trail."""
    audit.record(
        clinic=analysis.image.case.clinic,
        actor=None,
        action=action,
        about=analysis,
        payload={"case": str(analysis.image.case_id), **payload},
    )


class Heartbeat:
    """Extends a lease from a thread of its own while the block runs.

    It stops at the time limit, so that a process that hangs cannot keep its job for ever.
    """

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self._ended = threading.Event()
        self._last = time.monotonic() + settings.ANALYSIS_TIME_LIMIT
        self._thread = threading.Thread(target=self._beat, name=f"lease-{lease.analysis_id}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _beat(self) -> None:
        try:
            while not self._ended.wait(settings.ANALYSIS_HEARTBEAT_SECONDS) and time.monotonic() < self._last:
                if not self._extended():
                    return
        finally:
            connection.close()  # this thread's own

    def _extended(self) -> bool:
        try:
            return self._lease.extend()
        except Error:
            # The database is away; the lease may run out meanwhile, and then the token decides.
            logger.warning("analysis %s: the lease could not be extended", self._lease.analysis_id)
            connection.close()
            return True


def _lease_end():
    return timezone.now() + timedelta(seconds=settings.ANALYSIS_LEASE_SECONDS)
