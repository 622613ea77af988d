"""Reading the trail, and finding out whether it is whole."""

import hmac
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from cases.chain import event_hash
from cases.models import AuditChain, AuditEvent, AuditReport, Clinic
from cases.models.audit import GENESIS


@dataclass(frozen=True)
class Verification:
    """Whether a clinic's chain is whole; otherwise the first number that is not, and what is wrong with it."""

    clinic: Clinic
    events: int
    bad_seq: int | None = None
    problem: str = ""

    @property
    def ok(self) -> bool:
        return self.bad_seq is None


def verify_chain(clinic: Clinic) -> Verification:
    """Recompute every link from the first event to the head."""
    previous, seq = GENESIS, 0
    for event in AuditEvent.objects.of_clinic(clinic).order_by("seq").iterator(chunk_size=2000):
        problem = _problem(event, previous, seq + 1)
        if problem:
            return Verification(clinic, seq, bad_seq=min(event.seq, seq + 1), problem=problem)
        previous, seq = event.hash, event.seq
    head = AuditChain.objects.filter(clinic=clinic).first()
    if (head.seq, head.hash) != (seq, previous) if head else seq > 0:
        return Verification(clinic, seq, bad_seq=seq + 1, problem="The end of the chain is not where its head says.")
    return Verification(clinic, seq)


def report_events(report: AuditReport) -> QuerySet[AuditEvent]:
    """The events of a report, oldest first."""
    wanted = Q(seq__lte=report.last_seq)
    if report.action:
        wanted &= Q(action=report.action)
    if report.actor_id:
        wanted &= Q(actor_id=report.actor_id)
    if report.object_id:
        wanted &= Q(object_id=report.object_id)
    events = AuditEvent.objects.of_clinic(report.clinic).between(report.since, report.until)
    return events.filter(wanted).order_by("seq")


def _problem(event: AuditEvent, previous: str, expected: int) -> str:
    if event.seq != expected:
        return f"Event {expected} is missing." if event.seq > expected else f"Event {event.seq} stands twice."
    if event.prev_hash != previous:
        return "It does not follow from the event before it."
    if not hmac.compare_digest(event.hash, event_hash(event)):
        return "Its content is not what was recorded."
    return ""
