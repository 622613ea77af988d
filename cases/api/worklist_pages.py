"""Pages of the worklist. Its order moves with time, so a cursor carries the moment at which the first page was made."""

import math
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from rest_framework.request import Request

from cases.api.pagination import NewestFirst, bad_cursor, page_size, read_cursor, sound_moment, write_cursor
from cases.selectors.worklist import Key, Worklist, WorklistFilter, WorklistRow


class _Position(NamedTuple):
    """The moment of the first page, and the last row that was shown: its rank, and what it is ordered by."""

    as_of: datetime | None = None
    rank: int = 0
    key: Key | None = None


class WorklistPages(NewestFirst):
    """Every page is cut from the order as it was then; rows that arrive meanwhile move no others."""

    def rows(self, request: Request, wanted: WorklistFilter) -> list[WorklistRow]:
        self.request = request
        shown = _position(request.query_params.get("cursor"))
        worklist = Worklist(request.user, wanted, as_of=shown.as_of)
        size = page_size(request)
        places = worklist.places(stop=size + 1, behind=shown.key)
        more, places = len(places) > size, places[:size]
        last = _Position(worklist.as_of, shown.rank + len(places), places[-1].key) if more else None
        self.next_cursor = last and _cursor(last)
        return worklist.rows_of(places, first=shown.rank + 1)


def _cursor(last: _Position) -> str:
    *order, pk = last.key
    return write_cursor([last.as_of.isoformat(), last.rank, *order, str(pk)])


def _position(cursor: str | None) -> _Position:
    if not cursor:
        return _Position()
    try:
        as_of, rank, unflagged, tier, score, clock, pk = read_cursor(cursor)
        key = (bool(unflagged), int(tier), _finite(score), _finite(clock), UUID(pk))
        return _Position(_moment(as_of), abs(int(rank)), key)
    except (AttributeError, TypeError, ValueError, OverflowError):
        raise bad_cursor()


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise ValueError("no place has this score or clock")
    return float(number)


def _moment(text: str) -> datetime:
    return sound_moment(datetime.fromisoformat(text))
