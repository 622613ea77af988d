"""People's own filters of the queue. Settings of one person: they touch no patient's data, and leave no trail."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from cases.errors import Conflict
from cases.models import SavedFilter, User
from cases.models.saved_filter import LONGEST_NAME
from cases.permissions import ensure_may, find, visible_saved_filters
from cases.selectors.saved_filters import problems_of
from cases.services.checks import Problems

MOST_SAVED = 20


@transaction.atomic
def save_filter(*, owner: User, name: str, criteria: Mapping[str, Any], is_default: bool = False) -> SavedFilter:
    """Keep a filter under a name that this person has not used yet."""
    ensure_may(owner, "save_filter")
    _own(owner)  # of two clicks the second sees the first
    if visible_saved_filters(owner).count() >= MOST_SAVED:
        raise Conflict(f"You have {MOST_SAVED} filters, which is the most. Delete one first.")
    saved = SavedFilter(clinic=owner.clinic, owner=owner, name=name.strip(), criteria=dict(criteria))
    return _keep(saved, is_default=is_default)


@transaction.atomic
def update_filter(
    *,
    owner: User,
    saved: SavedFilter,
    name: str | None = None,
    criteria: Mapping[str, Any] | None = None,
    is_default: bool | None = None,
) -> SavedFilter:
    """Rename it, let it mean something else, or make it the one that the queue opens with; what is left out stays."""
    ensure_may(owner, "save_filter")
    _own(owner)
    saved = find(visible_saved_filters(owner), saved.pk)
    saved.name = saved.name if name is None else name.strip()
    saved.criteria = saved.criteria if criteria is None else dict(criteria)
    # One that means nothing any more may still be renamed.
    return _keep(saved, is_default=is_default, check_criteria=criteria is not None)


@transaction.atomic
def delete_filter(*, owner: User, saved: SavedFilter) -> None:
    ensure_may(owner, "save_filter")
    find(visible_saved_filters(owner), saved.pk).delete()


def _own(owner: User) -> None:
    """One person's filters change one after the other."""
    User.objects.select_for_update(no_key=True).get(pk=owner.pk)


def _keep(saved: SavedFilter, *, is_default: bool | None, check_criteria: bool = True) -> SavedFilter:
    _check(saved, check_criteria=check_criteria)
    if is_default is not None:
        saved.is_default = is_default
    if saved.is_default:
        others = visible_saved_filters(saved.owner).filter(is_default=True).exclude(pk=saved.pk)
        others.update(is_default=False)
    saved.save()
    return saved


def _check(saved: SavedFilter, *, check_criteria: bool) -> None:
    problems = Problems()
    problems.text("name", saved.name, longest=LONGEST_NAME)
    namesake = visible_saved_filters(saved.owner).named(saved.name).exclude(pk=saved.pk)
    if saved.name and namesake.exists():
        problems.add("name", f"You have a filter “{saved.name}” already. Choose another name, or change that one.")
    for field, words in problems_of(saved.criteria).items() if check_criteria else ():
        problems.add(field, words)
    problems.raise_if_any()
