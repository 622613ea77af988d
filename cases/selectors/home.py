"""What each role finds on its start page."""

from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.db.models import Count, Prefetch, Q, QuerySet
from django.utils import timezone

from cases.models import Case, User
from cases.permissions import visible_analyses, visible_audit_events, visible_cases, visible_images, visible_patients
from cases.selectors.queue_numbers import oldest_clock, queue_numbers
from cases.states import AnalysisState, CaseState

SHOWN = 20


class Part(NamedTuple):
    """The first cases of a list, and how many the whole list holds."""

    cases: list[Case]
    total: int

    def __bool__(self) -> bool:
        return bool(self.cases)


def first_of(cases: QuerySet[Case]) -> Part:
    return Part(list(cases[:SHOWN]), cases.count())


def listed_cases(user: User) -> QuerySet[Case]:
    """The clinic's cases, longest waiting first, with what a list shows of them."""
    images = Prefetch("images", visible_images(user).select_related("lesion"))
    return visible_cases(user).select_related("patient").prefetch_related(images).order_by("created_at")


def cases_in(user: User, state: CaseState) -> QuerySet[Case]:
    return listed_cases(user).filter(state=state)


def held_by(user: User) -> QuerySet[Case]:
    return cases_in(user, CaseState.IN_REVIEW).filter(claimed_by=user)


def failed_cases(user: User) -> QuerySet[Case]:
    """Cases still open for a result whose analysis ended in a failure that a button may retry."""
    failed = visible_analyses(user).standing().filter(state=AnalysisState.FAILED).values("image__case")
    return listed_cases(user).filter(pk__in=failed, state__in=[CaseState.SUBMITTED, CaseState.READY])


def waiting_numbers(user: User) -> dict[str, Any]:
    """The queue in three numbers: how many wait, how many of them are flagged, since when the oldest waits."""
    of_view = queue_numbers(user).of_view
    return {"waiting": of_view["all"], "flagged": of_view["flagged"], "oldest": oldest_wait(user)}


def oldest_wait(user: User) -> datetime | None:
    """Since when the one who has waited longest waits."""
    clock = oldest_clock(user)
    return None if clock is None else datetime.fromtimestamp(clock, tz=UTC)


def numbers_of_today(user: User) -> dict[str, int]:
    """Since midnight in the clinic's time zone."""
    since = start_of_day()
    cases = visible_cases(user).aggregate(
        submitted=Count("pk", filter=Q(submitted_at__gte=since)), decided=Count("pk", filter=Q(decided_at__gte=since))
    )
    analyses = (
        visible_analyses(user)
        .filter(finished_at__gte=since)
        .aggregate(
            assessed=Count("pk", filter=Q(state=AnalysisState.SUCCEEDED)),
            abstained=Count("pk", filter=Q(state=AnalysisState.ABSTAINED)),
            failed=Count("pk", filter=Q(state=AnalysisState.FAILED)),
        )
    )
    patients = visible_patients(user).filter(created_at__gte=since).count()
    return {"patients": patients, **cases, **analyses, "events": events_today(user)}


def events_today(user: User) -> int:
    return visible_audit_events(user).filter(at__gte=start_of_day()).count()


def start_of_day() -> datetime:
    return timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
