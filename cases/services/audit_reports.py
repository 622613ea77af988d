"""Reports from the trail: asked for once, fetched as often as needed, always the same."""

import csv
import json
from collections.abc import Iterator
from datetime import datetime

from django.db import transaction

from cases.errors import InvalidInput
from cases.models import AuditEvent, AuditReport, User
from cases.permissions import ensure_may, ensure_visible, find, visible_audit_reports
from cases.selectors.audit import report_events
from cases.services import audit
from cases.vocabulary import Action

COLUMNS = (
    "seq", "at", "actor", "role", "action", "object_type", "object_id", "purpose", "payload", "prev_hash", "hash",
)  # fmt: skip
# A spreadsheet would run a cell that begins so.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def create_audit_report(
    *,
    actor: User,
    since: datetime | None = None,
    until: datetime | None = None,
    action: str = "",
    about: str = "",
    by: User | None = None,
) -> AuditReport:
    """Fix what a report holds: the period, and, if given, one action, one object's id, one actor of the clinic."""
    ensure_may(actor, "create_audit_report")
    if since and until and since >= until:
        raise InvalidInput({"until": "The period ends before it begins."})
    if action and action not in Action.values:
        raise InvalidInput({"action": f"“{action[:60]}” is not an action of the trail."})
    if by is not None and by.clinic != actor.clinic:
        raise InvalidInput({"by": "There is no such person in your clinic."})
    with transaction.atomic():
        last = AuditEvent.objects.of_clinic(actor.clinic).order_by("seq").last()
        report = AuditReport(
            clinic=actor.clinic,
            requested_by=actor,
            since=since,
            until=until,
            action=action,
            actor=by,
            object_id=about,
            last_seq=last.seq if last else 0,
            events=0,
        )
        found = report_events(report)
        report.events = found.count()
        report.first_seq = found.values_list("seq", flat=True).first()
        report.save(force_insert=True)
        audit.record(
            clinic=report.clinic,
            actor=actor,
            action=Action.AUDIT_REPORT_CREATED,
            about=report,
            payload={"events": report.events, "last_seq": report.last_seq},
        )
    return report


def download_audit_report(*, actor: User, report: AuditReport) -> Iterator[str]:
    """Lines of CSV, one event each, read from the database as they are sent. The download itself is an event."""
    ensure_may(actor, "create_audit_report")
    ensure_visible(visible_audit_reports(actor), report)
    report = find(visible_audit_reports(actor), report.pk)
    audit.record(clinic=report.clinic, actor=actor, action=Action.AUDIT_REPORT_DOWNLOADED, about=report)
    return csv_lines(report_events(report).select_related("actor").iterator(chunk_size=2000))


def csv_lines(events: Iterator[AuditEvent]) -> Iterator[str]:
    """The header, then a line per event."""
    writer = csv.writer(_Echo())
    yield writer.writerow(COLUMNS)
    for event in events:
        yield writer.writerow([guarded(cell) for cell in _cells(event)])


def guarded(cell: object) -> str:
    """Text that no spreadsheet takes for a formula."""
    text = str(cell)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _cells(event: AuditEvent) -> tuple[object, ...]:
    return (
        event.seq,
        event.at.isoformat(timespec="microseconds"),
        event.actor.username if event.actor else event.actor_role,
        event.actor_role,
        event.action,
        event.object_type,
        event.object_id,
        event.purpose,
        json.dumps(event.payload, sort_keys=True, ensure_ascii=False),
        event.prev_hash,
        event.hash,
    )


class _Echo:
    """A file that hands each line straight back, so that nothing is collected in memory."""

    def write(self, line: str) -> str:
        return line
