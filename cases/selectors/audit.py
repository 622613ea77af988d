"""Reading the trail, and finding out whether it is whole."""

import hmac
from dataclasses import dataclass

from django.db.models import Max, Q, QuerySet

from cases.chain import event_hash, head_seal
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
    """Recompute every link from the first event to the head, and the head's own seal.

    Finds what was done to the trail without the key. Who holds the key can write another trail, and who puts back an
    older copy of the whole trail, head included, puts back one that was true.
    """
    # Read before the events: what is written meanwhile comes behind it.
    head = AuditChain.objects.filter(clinic=clinic).first()
    previous, seq = GENESIS, 0
    events = AuditEvent.objects.of_clinic(clinic).filter(seq__lte=head.seq if head else 0)
    for event in events.order_by("seq").iterator(chunk_size=2000):
        problem = _problem(event, previous, seq + 1)
        if problem:
            return Verification(clinic, seq, bad_seq=min(event.seq, seq + 1), problem=problem)
        previous, seq = event.hash, event.seq
    problem = _problem_of_head(clinic, head, seq, previous)
    return Verification(clinic, seq, bad_seq=seq + 1 if problem else None, problem=problem)


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


def _problem_of_head(clinic: Clinic, head: AuditChain | None, seq: int, last_hash: str) -> str:
    if head is None:
        # Adding a member is recorded, so a clinic with people has a trail.
        begun = clinic.memberships.exists() or AuditEvent.objects.of_clinic(clinic).exists()
        return "The head of the chain is missing." if begun else ""
    if (head.seq, head.hash) != (seq, last_hash) or _behind_the_head(clinic):
        return "The end of the chain is not where its head says."
    if not hmac.compare_digest(head.seal, head_seal(head)):
        return "The head of the chain was set by other hands: events behind it may be missing."
    return ""


def _behind_the_head(clinic: Clinic) -> bool:
    newest = AuditEvent.objects.of_clinic(clinic).aggregate(seq=Max("seq"))["seq"] or 0
    return AuditChain.objects.filter(clinic=clinic, seq__lt=newest).exists()
