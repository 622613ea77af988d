"""Searching the trail: a search is a report that nobody has asked to keep."""

from datetime import datetime

from django.db.models import QuerySet

from cases.models import AuditChain, AuditEvent, AuditReport, User
from cases.permissions import visible_audit_events
from cases.selectors.audit import report_events


def search(
    user: User,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    action: str = "",
    about: str = "",
    by: User | None = None,
) -> QuerySet[AuditEvent]:
    """What the report with the same words would hold, newest first."""
    asked = AuditReport(
        clinic=user.clinic,
        since=since,
        until=until,
        action=action,
        object_id=about,
        actor=by,
        last_seq=length(user),
    )
    found = report_events(asked).filter(pk__in=visible_audit_events(user).values("pk"))
    return found.select_related("actor").order_by("-seq")


def length(user: User) -> int:
    """The number of the clinic's last event."""
    chain = AuditChain.objects.filter(clinic=user.clinic).first()
    return chain.seq if chain else 0
