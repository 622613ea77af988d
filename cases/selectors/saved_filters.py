"""Filters of the queue that people gave a name: what they mean, whether they still do, how many cases match."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

from cases.errors import InvalidInput
from cases.models import SavedFilter, User
from cases.permissions import visible_saved_filters
from cases.selectors.queue_cells import Tallies, tallies_of
from cases.selectors.worklist import Worklist, WorklistFilter
from cases.states import WAITING_CASE, CaseState
from cases.vocabulary import Site, Tier

FLAGGED, ALL, MINE, NOT_ASSESSED, AWAITING = "flagged", "all", "mine", "unassessed", "awaiting"
_CODES: dict[str, tuple[str, tuple[str, ...]]] = {
    "view": ("part of the queue", (FLAGGED, ALL, MINE, NOT_ASSESSED, AWAITING)),
    "tier": ("priority", (*Tier.values, NOT_ASSESSED)),
    "state": ("state", tuple(state.value for state in WAITING_CASE)),
    "site": ("site", tuple(Site.values)),
}
_SHARES = {"min_malignancy": "malignancy", "threshold": "threshold"}
CRITERIA = (*_CODES, *_SHARES)


class Saved(NamedTuple):
    """`count` is None where the filter means nothing any more; `problems` then says what of it, by field."""

    filter: SavedFilter
    count: int | None
    problems: dict[str, str]


def problems_of(criteria: Mapping[str, Any]) -> dict[str, str]:
    """What nobody knows (any more), by field."""
    found = {name: _problem(name, value) for name, value in criteria.items()}
    return {name: words for name, words in found.items() if words}


def wanted_by(criteria: Mapping[str, Any]) -> WorklistFilter:
    """The queue's own filter; without a view it is that of flagged cases."""
    chosen = dict(criteria)
    view = chosen.pop("view", FLAGGED)
    if view == NOT_ASSESSED:
        chosen["tier"] = NOT_ASSESSED
    if view == AWAITING:
        chosen["state"] = CaseState.AWAITING_IMAGES
    return WorklistFilter(**chosen, flagged=True if view == FLAGGED else None, held_by_me=view == MINE)


def wanted_by_saved(saved: SavedFilter) -> WorklistFilter:
    """Never half of what was meant: a filter that cannot be used any more is refused."""
    problems = problems_of(saved.criteria)
    if problems:
        raise InvalidInput(problems)
    return wanted_by(saved.criteria)


def query_of(criteria: Mapping[str, Any]) -> str:
    """As the address of the queue page has it."""
    return urlencode(criteria)


def wanted_by_all(filters: Iterable[SavedFilter]) -> list[WorklistFilter]:
    """What the filters want that still mean something."""
    return [wanted_by(each.criteria) for each in filters if not problems_of(each.criteria)]


def counted(user: User, filters: list[SavedFilter] | None = None, tallies: Tallies | None = None) -> list[Saved]:
    """This person's filters in the order in which they were saved, each with how many cases match it just now."""
    filters = list(visible_saved_filters(user)) if filters is None else filters
    tallies = tallies or tallies_of(user, *wanted_by_all(filters))
    return [Saved(each, count_of(user, each, tallies), problems_of(each.criteria)) for each in filters]


def count_of(user: User, saved: SavedFilter, tallies: Tallies | None = None) -> int | None:
    return None if problems_of(saved.criteria) else len(Worklist(user, wanted_by(saved.criteria), tallies=tallies))


def _problem(name: str, value: Any) -> str:
    if name in _CODES:
        noun, codes = _CODES[name]
        return "" if value in codes else f"There is no {noun} “{str(value)[:60]}” (any more)."
    if name in _SHARES:
        fits = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
        return "" if fits else f"The {_SHARES[name]} is a number from 0 to 1."
    return "The queue has no such field (any more)."
