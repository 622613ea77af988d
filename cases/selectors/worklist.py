"""The dermatologist's queue: who is next, and why.

Flagged cases first; then by tier; then by malignancy × waiting time. A case without a score is never at the bottom:
it stands above every "soon". Equal data give the same order.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from cases.models import Case, LesionImage, User
from cases.permissions import visible_cases
from cases.selectors.full import current_answers
from cases.selectors.reasons import rank_reason
from cases.selectors.retakes import retakes_with_people
from cases.states import WAITING_CASE, CaseState
from cases.vocabulary import Tier

UNASSESSED = ""
TIER_RANK = {Tier.URGENT: 0, UNASSESSED: 1, Tier.SOON: 2, Tier.ROUTINE: 3}


@dataclass(frozen=True)
class WorklistFilter:
    """What part of the queue to see; every field left as it is filters nothing.

    `tier` may be "unassessed". `threshold` judges the flag by another malignancy than the clinic's policy.
    """

    tier: str = ""
    min_malignancy: float | None = None
    site: str = ""
    state: str = ""
    flagged: bool | None = None
    held_by_me: bool = False
    threshold: float | None = None


class WorklistRow(NamedTuple):
    """One case with its place and the sentence that explains it."""

    case: Case
    rank: int  # from 1, over the whole filtered list
    flagged: bool
    reason: str
    waiting: timedelta
    held_by_me: bool
    held_by_other: bool


class _Standing(NamedTuple):
    """All that the order depends on."""

    pk: uuid.UUID
    tier: str
    malignancy: float | None
    silent: bool
    flagged: bool
    flag_threshold: float | None
    since: datetime
    paused_at: datetime | None  # the clock stands still: other images are awaited

    def waited(self, now: datetime) -> timedelta:
        return (self.paused_at or now) - self.since


class Worklist:
    """The order is settled once, at `as_of`; pages of rows are fetched from it."""

    def __init__(self, user: User, wanted: WorklistFilter | None = None, *, as_of: datetime | None = None) -> None:
        self.user, self.wanted, self.as_of = user, wanted or WorklistFilter(), as_of or timezone.now()
        standings = [self._judged(standing) for standing in self._standings()]
        if self.wanted.flagged is not None:
            standings = [standing for standing in standings if standing.flagged is self.wanted.flagged]
        self._order = sorted(standings, key=self._key)

    def __len__(self) -> int:
        return len(self._order)

    @property
    def ids(self) -> list[uuid.UUID]:
        """The cases in order."""
        return [standing.pk for standing in self._order]

    @property
    def places(self) -> list[tuple[bool, int, float, datetime, uuid.UUID]]:
        """What each case is ordered by, in order; no two are equal."""
        return [self._key(standing) for standing in self._order]

    @property
    def flagged_count(self) -> int:
        return sum(standing.flagged for standing in self._order)

    def rows(self, start: int = 0, stop: int | None = None) -> list[WorklistRow]:
        """The rows from `start` up to, not including, `stop`."""
        part = self._order[start:stop]
        cases = worklist_cases(self.user).in_bulk([standing.pk for standing in part])
        # A case that left the queue since the order was settled is left out.
        return [
            self._row(cases[standing.pk], rank, standing)
            for rank, standing in enumerate(part, start=start + 1)
            if standing.pk in cases
        ]

    def _standings(self) -> list[_Standing]:
        found = _filtered(visible_cases(self.user), self.wanted, self.user)
        fields = ("pk", "tier", "malignancy", "silent", "flagged", "flag_threshold")
        clock = ("waiting_since", "paused_at")
        return [_Standing(*values) for values in found.values_list(*fields, *clock)]

    def _judged(self, standing: _Standing) -> _Standing:
        """The flag under the filter's own threshold, where it has one. Silence stays flagged under any."""
        threshold = self.wanted.threshold
        if threshold is None:
            return standing
        reaches = standing.malignancy is not None and standing.malignancy >= threshold
        return standing._replace(flagged=standing.silent or reaches, flag_threshold=threshold)

    def _key(self, standing: _Standing) -> tuple[bool, int, float, datetime, uuid.UUID]:
        waited = max(standing.waited(self.as_of).total_seconds(), 1.0)
        # Without a score, waiting alone decides.
        harm = 1.0 if standing.tier == UNASSESSED else standing.malignancy or 0.0
        return (not standing.flagged, TIER_RANK[standing.tier], -harm * waited, standing.since, standing.pk)

    def _row(self, case: Case, rank: int, standing: _Standing) -> WorklistRow:
        held = case.state == CaseState.IN_REVIEW
        return WorklistRow(
            case=case,
            rank=rank,
            flagged=standing.flagged,
            reason=rank_reason(case, threshold=standing.flag_threshold),
            waiting=standing.waited(self.as_of),
            held_by_me=held and case.claimed_by_id == self.user.pk,
            held_by_other=held and case.claimed_by_id != self.user.pk,
        )


def worklist_cases(user: User) -> QuerySet[Case]:
    """Cases with everything a row shows, in a fixed number of queries."""
    return (
        visible_cases(user)
        .select_related("patient__clinic", "claimed_by")
        .prefetch_related(
            Prefetch("images", LesionImage.objects.select_related("lesion", "quality_check")),
            Prefetch("images__analyses", queryset=current_answers()),
            Prefetch("retakes", queryset=retakes_with_people(user)),
        )
    )


def _filtered(cases: QuerySet[Case], wanted: WorklistFilter, user: User) -> QuerySet[Case]:
    found = cases.filter(state=wanted.state) if wanted.state else cases.filter(state__in=WAITING_CASE)
    found = found.filter(waiting_since__isnull=False)
    if wanted.tier:
        found = found.filter(tier=UNASSESSED if wanted.tier == "unassessed" else wanted.tier)
    if wanted.min_malignancy is not None:
        found = found.filter(malignancy__gte=wanted.min_malignancy)
    if wanted.held_by_me:
        found = found.filter(claimed_by=user, state=CaseState.IN_REVIEW)
    if wanted.site:
        found = found.filter(pk__in=Case.objects.filter(images__lesion__site=wanted.site).values("pk"))
    return found
