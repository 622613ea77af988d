"""What time alone brings about: leases that run out, deadlines that pass, claims that idle.

Every part may run twice at once, and one bad row never stops the others.
"""

import logging
from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.utils import timezone

from cases.models import Analysis, Case, ExplanationRequest, Upload
from cases.services.analyses import fail_analysis
from cases.services.assessment import settle_case
from cases.services.explanations import end_in_vain
from cases.services.leases import Lease
from cases.services.review import release_if_idle
from cases.services.uploads import expire_upload
from cases.states import CaseState

logger = logging.getLogger(__name__)


def take_back_expired_leases() -> int:
    """running → queued (or failed, after the last attempt) where the worker has not been heard of."""
    now = timezone.now()
    expired = Analysis.objects.with_expired_lease(now).values_list("pk", "lease_token")
    reason = f"The worker was lost {settings.ANALYSIS_MAX_ATTEMPTS} times while it worked on this image."
    return _each(expired, lambda row: fail_analysis(Lease(*row), reason=reason, passing=True, expired_by=now))


def take_back_lost_explanations() -> int:
    """running → queued (or failed, after the last attempt) where nothing was reported for the time of a lease."""
    now = timezone.now()
    lost = ExplanationRequest.objects.with_expired_lease(now).select_related("analysis__image__case__patient__clinic")
    reason = f"The worker was lost {settings.ANALYSIS_MAX_ATTEMPTS} times while it explained this image."
    return _each(lost, lambda request: end_in_vain(request, reason=reason, again=True, expired_by=now))


def ready_overdue_cases() -> int:
    """submitted → ready where the deadline passed: no failure of the network holds a case back."""
    now = timezone.now()
    overdue = Case.objects.past_analysis_deadline(now).values_list("pk", flat=True)
    return _each(overdue, lambda pk: settle_case(pk, now=now).state == CaseState.READY)


def release_idle_claims() -> int:
    """in_review → ready where the reader has gone."""
    now = timezone.now()
    idle = Case.objects.with_idle_claim(now).values_list("pk", flat=True)
    return _each(idle, lambda pk: release_if_idle(pk, now=now))


def expire_uploads() -> int:
    """Files that arrived in part only, and that nobody came back to."""
    now = timezone.now()
    old = Upload.objects.expired(now).order_by().values_list("pk", flat=True)
    return _each(old, lambda pk: expire_upload(pk, now=now))


def _each(rows: Iterable[Any], act: Callable[[Any], bool]) -> int:
    done = 0
    for row in list(rows):
        try:
            done += bool(act(row))
        except Exception:
            logger.exception("sweep: %s was left for the next sweep", row)
    return done
