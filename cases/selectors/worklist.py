"""The dermatologist's queue: who is next, and why.

Flagged cases first; then by tier; then by malignancy × waiting time, the malignancy in whole hundredths. A case without
a score is never at the bottom: it stands above every "soon". Equal data give the same order.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db.models import Exists, F, FilteredRelation, OuterRef, Prefetch, Q, QuerySet, prefetch_related_objects
from django.utils import timezone

from cases.models import Case, LesionImage, RetakeRequest, User
from cases.models.queue import WHOLE_QUEUE
from cases.permissions import visible_cases, visible_queue_places
from cases.selectors.full import current_answers
from cases.selectors.queue_cells import KIND, Tallies, WorklistFilter, matching, tallies_of
from cases.selectors.queue_order import Key, Line, Place
from cases.selectors.reasons import rank_reason
from cases.selectors.retakes import retakes_with_people
from cases.states import CaseState

MOST_RANKED = 1000


class WorklistRow(NamedTuple):
    """One case with its place and the sentence that explains it."""

    case: Case
    rank: int  # from 1, over the whole filtered list
    flagged: bool
    reason: str
    waiting: timedelta
    held_by_me: bool
    held_by_other: bool


class Worklist:
    """The queue as it stands at `as_of`; its length is known at once, its rows are fetched a page at a time."""

    def __init__(
        self,
        user: User,
        wanted: WorklistFilter | None = None,
        *,
        as_of: datetime | None = None,
        tallies: Tallies | None = None,
    ) -> None:
        self.user, self.wanted, self.as_of = user, wanted or WorklistFilter(), as_of or timezone.now()
        lines = self.wanted.lines(user)
        known = tallies or tallies_of(user, self.wanted)
        chosen = matching(known.cells.get(lines[0], []), self.wanted)
        self._line = Line(user.clinic, lines, chosen, now=self.as_of.timestamp())

    def __len__(self) -> int:
        return sum(cell.count for cell in self._line.cells)

    @property
    def flagged_count(self) -> int:
        return sum(cell.count for cell in self._line.cells if cell.flagged)

    @property
    def ids(self) -> list[UUID]:
        """All cases in order."""
        return [place.case for place in self.places()]

    def places(self, start: int = 0, stop: int | None = None, *, behind: Key | None = None) -> list[Place]:
        """The places from `start` up to, not including, `stop`; counted from the one behind `behind`, if given."""
        return self._line.after(behind, len(self) if stop is None else stop)[start:]

    def rows(self, start: int = 0, stop: int | None = None) -> list[WorklistRow]:
        """The rows from `start` up to, not including, `stop`."""
        head = self._line.head(len(self) if stop is None else stop)
        if head is None:
            return self.rows_of(self.places(start, stop), first=start + 1)
        found = self._with_places(worklist_cases(self.user).filter(pk__in=head))
        ordered = sorted(found, key=lambda each: each[0].key)
        rows = [self._row(case, rank, place) for rank, (place, case) in enumerate(ordered, start=1)]
        return rows[start:]

    def _with_places(self, cases: QuerySet[Case]) -> list[tuple[Place, Case]]:
        """Each case with its place in the line, in one query."""
        place = FilteredRelation("places", condition=Q(places__line=self._line.name))
        kept = {f"place_{name}": F(f"place__{name}") for name in (*KIND, "malignancy", "clock")}
        found = []
        for case in with_retakes(self.user, cases.annotate(place=place).annotate(**kept)):
            kind = tuple(getattr(case, f"place_{name}") for name in KIND)
            placed = self._line.placed(kind, case.place_malignancy, case.pk, case.place_clock)
            found += [(placed, case)] if placed else []
        return found

    def rows_of(self, places: Iterable[Place], *, first: int) -> list[WorklistRow]:
        """What the list says of these places, of which the first has this rank."""
        places = list(places)
        wanted = worklist_cases(self.user).filter(pk__in=[place.case for place in places])
        cases = {case.pk: case for case in with_retakes(self.user, wanted)}
        # A case that left the queue since the order was settled is left out.
        return [
            self._row(cases[place.case], rank, place)
            for rank, place in enumerate(places, start=first)
            if place.case in cases
        ]

    def around(self, case: Case, count: int) -> tuple[int | None, list[Case], list[Case]]:
        """In a list without a filter: the rank of a case, the cases behind it and the one before it, to be pictured.

        Of a case that is not in the list: None, and the list's head. Beyond the first thousand nobody counts: the rank
        is None there too.
        """
        key = self._key_of(case)
        if key is None:
            return None, self._pictured(self.places(0, count)), []
        behind, before = self._line.after(key, count), self._line.before(key, 1)
        cases = self._pictured([*before, *behind])
        return self._line.rank(key, most=MOST_RANKED), cases[len(before) :], cases[: len(before)]

    def _pictured(self, places: list[Place]) -> list[Case]:
        """With their patients and pictures, and without the reasons that only a row gives."""
        pictures = Prefetch("images", LesionImage.objects.select_related("lesion"))
        found = visible_cases(self.user).select_related("patient").prefetch_related(pictures)
        cases = found.in_bulk([place.case for place in places])
        return [cases[place.case] for place in places if place.case in cases]

    def _key_of(self, case: Case) -> Key | None:
        place = visible_queue_places(self.user).filter(line=WHOLE_QUEUE, case=case).first()
        kind = tuple(getattr(place, name) for name in KIND) if place else ()
        placed = place and self._line.placed(kind, place.malignancy, place.case_id, place.clock)
        return placed.key if placed else None

    def _row(self, case: Case, rank: int, place: Place) -> WorklistRow:
        held = case.state == CaseState.IN_REVIEW
        threshold = case.flag_threshold if self.wanted.threshold is None else self.wanted.threshold
        return WorklistRow(
            case=case,
            rank=rank,
            flagged=place.cell.flagged,
            reason=rank_reason(case, threshold=threshold),
            waiting=case.waited(self.as_of),
            held_by_me=held and case.claimed_by_id == self.user.pk,
            held_by_other=held and case.claimed_by_id != self.user.pk,
        )


def worklist_cases(user: User) -> QuerySet[Case]:
    """Cases with everything a row shows but their retakes, in a fixed number of queries."""
    return (
        visible_cases(user)
        .select_related("patient__clinic", "claimed_by")
        .annotate(was_asked_again=Exists(RetakeRequest.objects.filter(case=OuterRef("pk"))))
        .prefetch_related(
            Prefetch("images", LesionImage.objects.select_related("lesion", "quality_check")),
            Prefetch("images__analyses", queryset=current_answers()),
        )
    )


def with_retakes(user: User, cases: Iterable[Case]) -> list[Case]:
    """Most cases were never asked again: then nothing is asked for."""
    cases = list(cases)
    nothing = RetakeRequest.objects.none()
    bool(nothing)  # found empty once: to find it out anew for each row was a quarter of a page
    for case in cases:
        if not case.was_asked_again:
            case._prefetched_objects_cache["retakes"] = nothing  # noqa: SLF001  a prefetch of nothing
    asked = [case for case in cases if case.was_asked_again]
    prefetch_related_objects(asked, Prefetch("retakes", queryset=retakes_with_people(user)))
    return cases
