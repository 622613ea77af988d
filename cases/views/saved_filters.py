"""The queue's filters under people's own names: kept, changed, made the default, deleted."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from cases.errors import Conflict, InvalidInput
from cases.forms.worklist import NameForm, WorklistForm
from cases.models import SavedFilter
from cases.permissions import find, visible_saved_filters
from cases.services.saved_filters import delete_filter, save_filter, update_filter
from cases.views.access import requires


@requires("save_filter")
@require_POST
def keep(request: HttpRequest) -> HttpResponse:
    """The filter that stands on the page, under a new name."""
    criteria = _shown(request)
    try:
        saved = save_filter(owner=request.user, name=_name(request), criteria=criteria)
    except (InvalidInput, Conflict) as refusal:
        messages.error(request, f"The filter was not saved. {refusal}")
        return redirect(f"{reverse('cases:worklist')}?{urlencode(criteria)}")
    messages.success(request, f"“{saved.name}” is saved. Only you see it.")
    return _opened(saved)


@requires("save_filter")
@require_POST
def change(request: HttpRequest, saved: UUID) -> HttpResponse:
    """Each button sends what it changes: a name, what the page shows, or whether the queue opens with it."""
    found = find(visible_saved_filters(request.user), saved)
    try:
        changes = _changes(request)
        found = update_filter(owner=request.user, saved=found, **changes)
    except InvalidInput as refusal:
        messages.error(request, f"“{found.name}” stays as it was. {refusal}")
    else:
        messages.success(request, _done(found, changes))
    return _opened(found)


@requires("save_filter")
@require_POST
def delete(request: HttpRequest, saved: UUID) -> HttpResponse:
    found = find(visible_saved_filters(request.user), saved)
    delete_filter(owner=request.user, saved=found)
    messages.success(request, f"“{found.name}” is deleted. No case was changed.")
    return redirect(f"{reverse('cases:worklist')}?view=flagged")


def _changes(request: HttpRequest) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if "name" in request.POST:
        changes["name"] = _name(request)
    if "shown" in request.POST:
        changes["criteria"] = _shown(request)
    if "default" in request.POST:
        changes["is_default"] = request.POST["default"] == "yes"
    return changes


def _name(request: HttpRequest) -> str:
    form = NameForm(request.POST)
    if not form.is_valid():
        raise InvalidInput(form.errors)
    return form.cleaned_data["name"]


def _shown(request: HttpRequest) -> dict[str, Any]:
    """The filter of the page that the form was sent from."""
    return WorklistForm(QueryDict(request.POST.get("shown", ""))).chosen


def _done(saved: SavedFilter, changes: dict[str, Any]) -> str:
    if "is_default" in changes:
        opens = "now opens" if saved.is_default else "no longer opens"
        return f"The queue {opens} with “{saved.name}”."
    return f"The filter is called “{saved.name}” now." if "name" in changes else f"“{saved.name}” was changed."


def _opened(saved: SavedFilter) -> HttpResponse:
    return redirect(f"{reverse('cases:worklist')}?saved={saved.pk}")
