"""The queue: who is next and why."""

import hashlib
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from cases.errors import Conflict, NotFound
from cases.forms.worklist import VIEWS, WorklistForm
from cases.models import Case, SavedFilter, User
from cases.models.saved_filter import LONGEST_NAME
from cases.permissions import visible_cases, visible_saved_filters
from cases.selectors.policy import flag_policy
from cases.selectors.queue_cells import Tallies, tallies_of
from cases.selectors.queue_numbers import BINS, QueueNumbers, flagged_at, queue_numbers, scored_by_others
from cases.selectors.saved_filters import CRITERIA, counted, problems_of, query_of, wanted_by_all
from cases.selectors.worklist import Worklist, WorklistRow
from cases.services import audit
from cases.services.review import claim_case
from cases.templatetags.reading import waited
from cases.views.access import requires
from cases.vocabulary import Action

PAGE = 50
MOST_TRIES = 10  # cases that colleagues take while one is being chosen


class Asked(NamedTuple):
    """What part of the queue is asked for, and by which of the person's own filters, if by one."""

    form: WorklistForm
    saved: SavedFilter | None = None
    differs: bool = False  # from what was saved
    problems: Mapping[str, str] = MappingProxyType({})  # why the saved filter means nothing any more


@requires("view_worklist")
@require_safe
def worklist(request: HttpRequest) -> HttpResponse:
    mine = list(visible_saved_filters(request.user))
    opening = next((saved for saved in mine if saved.is_default), None)
    if opening and not request.GET and not request.htmx:
        return redirect(f"{reverse('cases:worklist')}?saved={opening.pk}")
    asked = _asked(request, mine)
    wanted = asked.form.as_filter()
    tallies = tallies_of(request.user, wanted, *wanted_by_all(mine), with_models=True)
    queue = Worklist(request.user, wanted, tallies=tallies)
    rows = [] if asked.problems else queue.rows(0, _shown(request))
    context = _context(request, asked, queue, rows, tallies) | {"saved_filters": counted(request.user, mine, tallies)}
    order, content = _fingerprints(rows, len(queue), context)
    seen_order, _, seen_content = request.GET.get("seen", "").partition(".")
    if request.htmx and (seen_order, seen_content) == (order, content):
        return HttpResponse(status=204)  # nothing changed: nothing on the screen may move
    if not request.htmx or seen_order != order:
        audit.record_view(actor=request.user, action=Action.WORKLIST_VIEWED, cases=len(rows))
    template = "worklist/_queue.html" if request.htmx else "worklist/worklist.html"
    return render(request, template, context | {"seen": f"{order}.{content}"})


@requires("claim_case")
@require_POST
def read_next(request: HttpRequest) -> HttpResponse:
    case = claim_next(request.user)
    if case is None:
        messages.info(request, "Nothing waits for you: every case is read or held by a colleague.")
        return redirect("cases:worklist")
    return redirect("cases:reading", case.pk)


def claim_next(reader: User) -> Case | None:
    """Hold the first case that nobody else holds; one that is already held by the reader comes in its turn."""
    first = [place.case for place in Worklist(reader).places(0, PAGE)]
    cases = visible_cases(reader).only("claimed_by").in_bulk(first)
    free = [cases[pk] for pk in first if pk in cases and cases[pk].claimed_by_id in (None, reader.pk)]
    for case in free[:MOST_TRIES]:
        try:
            return claim_case(reader=reader, case=case)
        except Conflict:
            continue  # a colleague was faster
    return None


def _asked(request: HttpRequest, mine: list[SavedFilter]) -> Asked:
    """What the address asks for; a saved filter alone stands for what was saved in it."""
    if "saved" not in request.GET:
        return Asked(WorklistForm(request.GET))
    saved = next((each for each in mine if str(each.pk) == request.GET["saved"]), None)
    if saved is None:
        raise NotFound("There is no such saved filter.")
    if set(CRITERIA) & set(request.GET):
        form = WorklistForm(request.GET)
        return Asked(form, saved, differs=form.chosen != saved.criteria)
    return Asked(WorklistForm(saved.criteria), saved, problems=problems_of(saved.criteria))


def _context(
    request: HttpRequest, asked: Asked, queue: Worklist, rows: list[WorklistRow], tallies: Tallies
) -> dict[str, Any]:
    form = asked.form
    policy = flag_policy(request.user.clinic)
    numbers = queue_numbers(request.user, tallies)
    threshold = form.chosen.get("threshold", policy.threshold if policy else None)
    return {
        "form": form,
        "rows": rows,
        "total": 0 if asked.problems else len(queue),
        "asked": asked,
        "savable": bool(set(form.chosen) - {"view"}) and not asked.problems,
        "criteria": query_of(form.chosen),
        "longest_name": LONGEST_NAME,
        "more": _shown(request) + PAGE if len(queue) > len(rows) else None,
        "oldest": max((row.waiting for row in rows), default=None),
        "views": [(name, label, numbers.of_view[name]) for name, label in VIEWS],
        "view": form.view_name,
        "filtered": bool(set(form.chosen) - {"view", "threshold"}),
        "hides_unscored": "min_malignancy" in form.chosen,
        "query": _query(request),
        "policy": policy,
        "bars": _bars(numbers, threshold),
        "flags": _flags(request.user, form, numbers, tallies),
        "of_other_versions": scored_by_others(tallies, policy.model_version) if policy else 0,
        "numbers": numbers,
        "threshold": threshold,
        "point": policy.at(threshold) if policy else None,
    }


def _flags(user: User, form: WorklistForm, numbers: QueueNumbers, tallies: Tallies) -> int:
    """By the slider's threshold; where it stands on the clinic's policy, what the cases were flagged by."""
    chosen = form.chosen.get("threshold")
    return numbers.of_view["flagged"] if chosen is None else flagged_at(user, chosen, tallies)


def _bars(numbers: QueueNumbers, threshold: float | None) -> list[dict[str, Any]]:
    """The histogram as rectangles in a box of 100 × 40; the root keeps single cases visible beside heaps."""
    tallest = max(*numbers.histogram, 1)
    heights = [40 * (count / tallest) ** 0.5 for count in numbers.histogram]
    return [
        {
            "x": f"{100 * place / BINS + 0.5:.1f}",
            "y": f"{40 - height:.1f}",
            "height": f"{height:.1f}",
            "start": place / BINS,
            "flagged": threshold is not None and (place + 1) / BINS > threshold,
        }
        for place, height in enumerate(heights)
    ]


def _shown(request: HttpRequest) -> int:
    """How many rows; people ask for more a page at a time."""
    try:
        return min(max(int(request.GET.get("rows", PAGE)), PAGE), 20 * PAGE)
    except ValueError:
        return PAGE


def _query(request: HttpRequest) -> str:
    """The filters of this address, without what belongs to one answer only."""
    kept = request.GET.copy()
    kept.pop("seen", None)
    kept.pop("rows", None)
    return kept.urlencode()


def _fingerprints(rows: Iterable[WorklistRow], total: int, context: dict[str, Any]) -> tuple[str, str]:
    """Of which cases stand in which order, and of everything that a row or a count beside them says."""
    order = [str(row.case.pk) for row in rows]
    content = [(row.case.state, row.case.tier, row.reason, waited(row.waiting), row.held_by_me) for row in rows]
    counts = [context["views"], [saved.count for saved in context["saved_filters"]]]
    return _digest(order, total), _digest(content, counts)


def _digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
