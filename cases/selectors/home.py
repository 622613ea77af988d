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
COUNTED = 1000


class Part(NamedTuple):
    """The first rows of a list, and how long the whole list is."""

    rows: list[Any]
    counted: int  # up to one more than `COUNTED`

    def __bool__(self) -> bool:
        return bool(self.rows)

    @property
    def total(self) -> str:
        """Nobody reads so long a list, and to count it takes as long as it is."""
        return f"more than {COUNTED:,}" if self.counted > COUNTED else str(self.counted)

    @property
    def is_cut(self) -> bool:
        return self.counted > len(self.rows)


def first_of(found: QuerySet) -> Part:
    rows = list(found[: SHOWN + 1])
    counted = len(rows) if len(rows) <= SHOWN else found.values("pk")[: COUNTED + 1].count()
    return Part(rows[:SHOWN], counted)


def listed_cases(user: User) -> QuerySet[Case]:
    """The clinic's cases, longest waiting first, with what a list shows of them."""
    images = Prefetch("images", visible_images(user).select_related("lesion"))
    return visible_cases(user).select_related("patient").prefetch_related(images).order_by("created_at")


def cases_in(user: User, state: CaseState) -> QuerySet[Case]:
    return listed_cases(user).in_clinic_and_state(user.clinic, state)


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
    cases = visible_cases(user)
    of_cases = {  # one question each, for each has an index of its own
        "submitted": cases.filter(submitted_at__gte=since).count(),
        "decided": cases.filter(decided_at__gte=since).count(),
    }
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
    return {"patients": patients, **of_cases, **analyses, "events": events_today(user)}


def events_today(user: User) -> int:
    return visible_audit_events(user).filter(at__gte=start_of_day()).count()


def start_of_day() -> datetime:
    return timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
