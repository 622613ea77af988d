"""The queue in cells: how many places there are of each kind, from the tallies, without a look at the places.

All places of a cell have one weight, so their order is the order of their clocks. The order of the whole queue is that
of a few dozen cells merged.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Q, Sum

from cases.models import User
from cases.models.queue import MODEL_LINES, NO_BAND, WHOLE_QUEUE, reader_line, site_line
from cases.permissions import visible_queue_tallies
from cases.states import WAITING_CASE, CaseState
from cases.vocabulary import Tier

UNASSESSED = ""
TIER_RANK = {Tier.URGENT: 0, UNASSESSED: 1, Tier.SOON: 2, Tier.ROUTINE: 3}
BANDS = 100
KIND = ("state", "tier", "band", "flagged", "silent")  # what a tally tells apart within a line
# A threshold of whole hundredths, as a float, may lie a hair beside the edge of its band.
_HAIR = 1e-9


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

    def lines(self, user: User) -> list[str]:
        """A case is let through if it has a place in each of these."""
        held = [reader_line(user.pk)] if self.held_by_me else []
        return held + ([site_line(self.site)] if self.site else []) or [WHOLE_QUEUE]

    @property
    def states(self) -> tuple[str, ...]:
        return (self.state,) if self.state else WAITING_CASE


class Cell(NamedTuple):
    """Places of one kind; where a threshold falls inside their band, the part from `low` or the one below `high`."""

    state: str
    tier: str
    band: int
    kept_flag: bool  # as the case keeps it
    silent: bool
    count: int
    flagged: bool  # as it is judged here
    low: float | None = None
    high: float | None = None

    @property
    def group(self) -> tuple[bool, int]:
        """What comes before the weight: flagged cases first, then by tier."""
        return (not self.flagged, TIER_RANK[self.tier])

    @property
    def weight(self) -> int:
        """Twice the middle of the band, in hundredths. Without a score, waiting alone decides."""
        return 2 * BANDS if self.tier == UNASSESSED else 2 * max(self.band, 0) + 1

    @property
    def is_part(self) -> bool:
        return self.low is not None or self.high is not None

    def spans(self, malignancy: float | None) -> bool:
        return malignancy is not None and (self.low or 0.0) <= malignancy < (self.high or 2.0)

    @property
    def stands_still(self) -> bool:
        """The clock is stopped: other images are awaited."""
        return self.state == CaseState.AWAITING_IMAGES


class Tallies(NamedTuple):
    """What the clinic's tallies say of the lines that were asked for, in one query."""

    cells: Mapping[str, list[Cell]]  # by line; flagged as the cases keep it

    @property
    def whole(self) -> list[Cell]:
        return self.cells.get(WHOLE_QUEUE, [])

    def count(self, line: str) -> int:
        """How many wait in this line for a reader."""
        return sum(cell.count for cell in self.cells.get(line, []) if cell.state in WAITING_CASE)


def tallies_of(user: User, *wanted: WorklistFilter, with_models: bool = False) -> Tallies:
    """The lines of the whole queue, of this reader, of some filters, and of the model versions if wanted."""
    lines = {WHOLE_QUEUE, reader_line(user.pk), *(line for each in wanted for line in each.lines(user))}
    asked = Q(line__in=lines) | Q(line__startswith=MODEL_LINES) if with_models else Q(line__in=lines)
    found = visible_queue_tallies(user).filter(asked).values_list("line", *KIND).annotate(count=Sum("change"))
    cells: dict[str, list[Cell]] = defaultdict(list)
    for line, *kind, count in found.order_by():
        if count:
            cells[line].append(Cell(*kind, count, flagged=kind[3]))
    return Tallies(cells)


def matching(cells: Iterable[Cell], wanted: WorklistFilter) -> list[Cell]:
    """The cells, or parts of cells, that the filter lets through, with the flag as the filter judges it."""
    tier = UNASSESSED if wanted.tier == "unassessed" else wanted.tier
    of_kind = [cell for cell in cells if cell.state in wanted.states and (not wanted.tier or cell.tier == tier)]
    judged = [
        part for cell in of_kind for enough in _from(cell, wanted.min_malignancy) for part in _judged(enough, wanted)
    ]
    return [cell for cell in judged if wanted.flagged in (None, cell.flagged)]


def _from(cell: Cell, malignancy: float | None) -> Iterator[Cell]:
    if malignancy is None:
        yield cell
    elif cell.band != NO_BAND:
        yield from (part for part, reaches in _cut(cell, malignancy) if reaches)


def _judged(cell: Cell, wanted: WorklistFilter) -> Iterator[Cell]:
    """The flag under the filter's own threshold, where it has one. Silence stays flagged under any."""
    if wanted.threshold is None:
        yield cell
    elif cell.silent or cell.band == NO_BAND:
        yield cell._replace(flagged=cell.silent)
    else:
        yield from (part._replace(flagged=reaches) for part, reaches in _cut(cell, wanted.threshold))


def _cut(cell: Cell, malignancy: float) -> Iterator[tuple[Cell, bool]]:
    """The cell, or its two parts, each with whether it reaches this malignancy."""
    if malignancy <= cell.band / BANDS + _HAIR:
        yield cell, True
    elif malignancy >= (cell.band + 1) / BANDS - _HAIR:
        yield cell, False
    else:
        low = max(malignancy, cell.low or 0.0)
        yield cell._replace(low=low), True
        if cell.low is None or cell.low < malignancy:
            yield cell._replace(high=malignancy), False
