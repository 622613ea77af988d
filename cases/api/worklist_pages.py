"""Pages of the worklist. Its order moves with time, so a cursor carries the moment at which the first page was made."""

from bisect import bisect_right
from datetime import datetime
from typing import Any
from uuid import UUID

from rest_framework.request import Request

from cases.api.pagination import NewestFirst, bad_cursor, page_size, read_cursor, sound_moment, write_cursor
from cases.selectors.worklist import Worklist, WorklistFilter, WorklistRow


class WorklistPages(NewestFirst):
    """Every page is cut from the order as it was then; rows that arrive meanwhile move no others."""

    def rows(self, request: Request, wanted: WorklistFilter) -> list[WorklistRow]:
        self.request = request
        as_of, place = _position(request.query_params.get("cursor"))
        worklist = Worklist(request.user, wanted, as_of=as_of)
        start = bisect_right(worklist.places, place) if place else 0
        stop = start + page_size(request)
        self.next_cursor = _cursor(worklist, stop - 1) if stop < len(worklist) else None
        return worklist.rows(start, stop)


def _cursor(worklist: Worklist, last: int) -> str:
    unflagged, tier, harm, since, pk = worklist.places[last]
    return write_cursor([worklist.as_of.isoformat(), unflagged, tier, harm, since.isoformat(), str(pk)])


def _position(cursor: str | None) -> tuple[datetime | None, tuple[Any, ...] | None]:
    """The moment of the first page and the place of the last row that was shown."""
    if not cursor:
        return None, None
    try:
        as_of, unflagged, tier, harm, since, pk = read_cursor(cursor)
        place = (bool(unflagged), int(tier), float(harm), _moment(since), UUID(pk))
        return _moment(as_of), place
    except (AttributeError, TypeError, ValueError, OverflowError):
        raise bad_cursor()


def _moment(text: str) -> datetime:
    return sound_moment(datetime.fromisoformat(text))
