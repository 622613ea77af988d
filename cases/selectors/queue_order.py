"""Places of the queue in their order: the heads of its cells, merged by the database.

Each cell is a run of one index, so a page costs the same however many wait. The weight of time moves every place, and
yet the order needs no recomputing: within a cell all weigh alike, and between cells only the heads are compared.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models.expressions import RawSQL

from cases.models import Clinic, QueuePlace
from cases.selectors.queue_cells import KIND, Cell

_MOST_AT_ONCE = 400  # SQLite joins at most 500 queries into one
_SLACK = 1e-3  # seconds by which the bound of an index is wider than the exact condition behind it

_TABLE = QueuePlace._meta.db_table
Query = tuple[str, list[Any]]  # a statement, or a part of one, and its values
Key = tuple[bool, int, float, float, UUID]  # what a place is ordered by; no two are equal


class Place(NamedTuple):
    cell: Cell
    case: UUID
    clock: float
    key: Key


class Line:
    """One line of a clinic's queue, cut to some cells and to what stands in some other lines too, at one moment."""

    def __init__(self, clinic: Clinic, lines: Sequence[str], cells: Sequence[Cell], *, now: float) -> None:
        self._clinic, self._now = clinic, now
        self.name, *self._others = lines
        self.cells = self._counted(cells)

    def after(self, key: Key | None, count: int) -> list[Place]:
        """The first places, or those behind this one."""
        return self._walk(key, count, sign=1)

    def head(self, count: int) -> RawSQL | None:
        """The ids of the first places as a subquery, so that their cases come with them; None if one cannot hold it."""
        groups = sorted({cell.group for cell in self.cells})
        wanted = list(self._enough(groups, count))
        if not 0 < len(wanted) <= _MOST_AT_ONCE:
            return None
        text, values = _merged([self._run(cell, None, count, 1, number=0) for cell in wanted], count, 1)
        return RawSQL(f"SELECT case_id FROM ({text}) AS first", values)  # noqa: S611  our own names; values are bound

    def placed(self, kind: tuple[Any, ...], malignancy: float | None, case: UUID, clock: float) -> Place | None:
        """The place of a case of this kind; None if no cell of the line holds it (any more)."""
        for cell in self.cells:
            if cell[: len(kind)] == kind and (not cell.is_part or cell.spans(malignancy)):
                return self._place(cell, case, clock)
        return None

    def before(self, key: Key, count: int) -> list[Place]:
        """The places in front of this one, the nearest first."""
        return self._walk(key, count, sign=-1)

    def rank(self, key: Key, *, most: int) -> int | None:
        """How many places stand in front of this one, plus one; None beyond `most`: nobody counts so far."""
        ahead = sum(cell.count for cell in self.cells if cell.group < key[:2])
        if ahead < most:
            ahead += self._count([cell for cell in self.cells if cell.group == key[:2]], key, most)
        return ahead + 1 if ahead < most else None

    def key_of(self, cell: Cell, case: UUID, clock: float) -> Key:
        return (*cell.group, -(cell.weight * (self._clock(cell) - clock)), clock, case)

    def _walk(self, key: Key | None, count: int, *, sign: int) -> list[Place]:
        found: list[Place] = []
        groups = sorted({cell.group for cell in self.cells}, reverse=sign < 0)
        if key is not None:
            found = self._heads([cell for cell in self.cells if cell.group == key[:2]], key, count, sign)
            groups = [group for group in groups if (group > key[:2] if sign > 0 else group < key[:2])]
        wanted = list(self._enough(groups, count - len(found)))
        return found + self._heads(wanted, None, count - len(found), sign)

    def _enough(self, groups: list[tuple[bool, int]], count: int) -> Iterator[Cell]:
        """The cells of as many groups as hold so many places."""
        for group in groups:
            if count <= 0:
                return
            members = [cell for cell in self.cells if cell.group == group]
            count -= sum(cell.count for cell in members)
            yield from members

    def _heads(self, cells: Sequence[Cell], key: Key | None, count: int, sign: int) -> list[Place]:
        found: list[Place] = []
        for start in range(0, len(cells) if count > 0 else 0, _MOST_AT_ONCE):
            part = cells[start : start + _MOST_AT_ONCE]
            runs = [self._run(cell, key, count, sign, number=number) for number, cell in enumerate(part)]
            rows = _select(*_merged(runs, count, sign))
            found += [self._place(part[number], UUID(str(case)), clock) for number, case, clock in rows]
        return sorted(found, key=lambda place: place.key, reverse=sign < 0)[:count]

    def _place(self, cell: Cell, case: UUID, clock: float) -> Place:
        return Place(cell, case, clock, self.key_of(cell, case, clock))

    def _run(self, cell: Cell, key: Key | None, count: int, sign: int, *, number: int) -> Query:
        """The head of one cell, with the number of the cell and what merges it with the others."""
        of_cell, values = self._in_cell(cell)
        behind, bound = self._beyond(cell, key, sign) if key else ("", [])
        way = "" if sign > 0 else " DESC"
        unflagged, tier = cell.group
        merged = "%s AS number, %s AS rank, %s * (%s - clock) AS score, clock, case_id"
        text = f"SELECT {merged} FROM {_TABLE} WHERE {of_cell}{behind} ORDER BY clock{way}, case_id{way} LIMIT %s"
        head = [number, 10 * unflagged + tier, cell.weight, self._clock(cell)]
        return f"SELECT * FROM ({text}) AS head", [*head, *values, *bound, count]

    def _in_cell(self, cell: Cell) -> Query:
        text = " AND ".join(f"{column} = %s" for column in ("clinic_id", "line", *KIND))
        values = [_id(self._clinic.pk), self.name, cell.state, cell.tier, cell.band, cell.kept_flag, cell.silent]
        for sign, bound in ((">=", cell.low), ("<", cell.high)):
            if bound is not None:
                text, values = f"{text} AND malignancy {sign} %s", [*values, bound]
        for other in self._others:
            beside = f"SELECT 1 FROM {_TABLE} AS o WHERE o.case_id = {_TABLE}.case_id AND o.line = %s"
            text, values = f"{text} AND EXISTS ({beside})", [*values, other]
        return text, values

    def _beyond(self, cell: Cell, key: Key, sign: int) -> Query:
        """Places of the key's own group behind it (or in front of it): a bound for the index, and the exact order."""
        _, _, score, clock, case = key
        now = self._clock(cell)
        edge = now + score / cell.weight - sign * _SLACK
        behind, weaker = (">", "<") if sign > 0 else ("<", ">")
        exact = f"(%s * (%s - clock) {weaker} %s OR (%s * (%s - clock) = %s AND (clock, case_id) {behind} (%s, %s)))"
        own = [cell.weight, now, -score]
        return f" AND clock {behind}= %s AND {exact}", [edge, *own, *own, clock, _id(case)]

    def _count(self, cells: Sequence[Cell], key: Key, most: int) -> int:
        runs = [self._run(cell, key, most, -1, number=0) for cell in cells[:_MOST_AT_ONCE]]
        if not runs:
            return 0
        heads, values = _together(runs)
        text = f"SELECT count(*) FROM (SELECT 1 AS one FROM ({heads}) AS heads LIMIT %s) AS counted"
        return int(_select(text, [*values, most])[0][0])

    def _counted(self, cells: Sequence[Cell]) -> list[Cell]:
        """A part of a cell is not tallied: its places are counted."""
        parts = [cell for cell in cells if cell.is_part or self._others]
        counts = {}
        for start in range(0, len(parts), _MOST_AT_ONCE):
            some = parts[start : start + _MOST_AT_ONCE]
            runs = [self._in_cell(cell) for cell in some]
            of_each = f"SELECT %s AS number, count(*) FROM {_TABLE} WHERE "
            query = _together([(of_each + text, [number, *values]) for number, (text, values) in enumerate(runs)])
            counts |= {some[number]: count for number, count in _select(*query)}
        return [cell._replace(count=counts.get(cell, cell.count)) for cell in cells]

    def _clock(self, cell: Cell) -> float:
        """Where the clock is stopped, the clock of a place is minus the time that had passed."""
        return 0.0 if cell.stands_still else self._now


def _merged(runs: Sequence[Query], count: int, sign: int) -> Query:
    ways = ("", " DESC") if sign > 0 else (" DESC", "")
    order = f"rank{ways[0]}, score{ways[1]}, clock{ways[0]}, case_id{ways[0]}"
    heads, values = _together(runs)
    text = f"SELECT number, case_id, clock FROM ({heads}) AS heads ORDER BY {order} LIMIT %s"
    return text, [*values, count]


def _together(runs: Sequence[Query]) -> Query:
    return " UNION ALL ".join(text for text, _ in runs), [value for _, own in runs for value in own]


def _select(text: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(text, values)
        return cursor.fetchall()


def _id(pk: UUID) -> Any:
    """As the database stores it."""
    return QueuePlace._meta.pk.get_db_prep_value(pk, connection)
