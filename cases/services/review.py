"""The dermatologist's claim on a case: one at a time, and never forgotten for longer than its idle time."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from cases.errors import Conflict
from cases.models import Case, User
from cases.permissions import ensure_may
from cases.services import audit
from cases.services.intake import locked_case
from cases.states import CASE_MOVES, CaseState
from cases.vocabulary import Action


def claim_case(*, reader: User, case: Case) -> Case:
    """ready → in_review for this reader. Of two at once one wins; the holder's own repeat extends the claim.

    The case is locked before it is looked at: no moment lies between looking and taking.
    """
    ensure_may(reader, "claim_case")
    with transaction.atomic():
        case = locked_case(reader, case)
        now = timezone.now()
        held = case.state == CaseState.IN_REVIEW
        own = held and case.claimed_by_id == reader.pk
        expired = held and not own and case.claim_until <= now
        if not (own or expired or case.state == CaseState.READY):
            _refuse(case)
        case.state, case.claimed_by = CaseState.IN_REVIEW, reader
        case.claimed_at = case.claimed_at if own else now
        case.claim_until = now + timedelta(seconds=settings.CLAIM_IDLE_SECONDS)
        case.save(update_fields=["state", "claimed_by", "claimed_at", "claim_until", "updated_at"])
        if expired:
            _record_idle_release(case)
        if not own:
            audit.record(clinic=case.clinic, actor=reader, action=Action.CASE_CLAIMED, about=case)
    return case


def release_case(*, reader: User, case: Case) -> Case:
    """in_review → ready, by the one who holds it."""
    ensure_may(reader, "release_case")
    with transaction.atomic():
        case = locked_case(reader, case)
        CASE_MOVES.check(case.state, CaseState.READY)
        ensure_held(case, reader)
        case.move_to(CaseState.READY)
        case.save()
        audit.record(clinic=case.clinic, actor=reader, action=Action.CASE_RELEASED, about=case)
    return case


def release_if_idle(case_id, *, now: datetime | None = None) -> bool:
    """in_review → ready when the claim has run out."""
    now = now or timezone.now()
    with transaction.atomic():
        freed = (
            Case.objects.with_idle_claim(now)
            .filter(pk=case_id)
            .update(state=CaseState.READY, claimed_by=None, claimed_at=None, claim_until=None, updated_at=now)
        )
        if freed:
            case = Case.objects.select_related("patient__clinic").get(pk=case_id)
            _record_idle_release(case)
    return bool(freed)


def ensure_held(case: Case, reader: User) -> None:
    """Only the holder may go on; an expired claim that nobody took is still the holder's."""
    if case.claimed_by_id != reader.pk:
        raise _held(case)


def _record_idle_release(case: Case) -> None:
    """By nobody: the claim ran out."""
    audit.record(clinic=case.clinic, actor=None, action=Action.CASE_RELEASED, about=case, payload={"idle": True})


def _refuse(case: Case) -> None:
    if case.state == CaseState.IN_REVIEW:
        raise _held(case)
    CASE_MOVES.check(case.state, CaseState.IN_REVIEW)


def _held(case: Case) -> Conflict:
    """By whom, since when and for how long."""
    until = timezone.localtime(case.claim_until)
    since = f" since {timezone.localtime(case.claimed_at):%H:%M}" if case.claimed_at else ""
    sentence = f"{case.claimed_by} holds this case{since}, until {until:%H:%M} or longer."
    return Conflict(sentence, current=case.state, legal=case.legal_moves)
