"""The queue: who is next and why."""

import hashlib
from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from cases.errors import Conflict
from cases.forms.worklist import VIEWS, WorklistForm
from cases.models import Case, User
from cases.selectors.policy import flag_policy
from cases.selectors.queue_numbers import BINS, QueueNumbers, queue_numbers
from cases.selectors.worklist import Worklist, WorklistRow
from cases.services import audit
from cases.services.review import claim_case
from cases.templatetags.reading import waited
from cases.views.access import requires
from cases.views.veils import turn_to
from cases.vocabulary import Action

PAGE = 50
MOST_TRIES = 10  # cases that colleagues take while one is being chosen


@requires("view_worklist")
@require_safe
def worklist(request: HttpRequest) -> HttpResponse:
    form = WorklistForm(request.GET)
    queue = Worklist(request.user, form.as_filter())
    rows = queue.rows(0, _shown(request))
    order, content = _fingerprints(rows, len(queue))
    seen_order, _, seen_content = request.GET.get("seen", "").partition(".")
    if request.htmx and (seen_order, seen_content) == (order, content):
        return HttpResponse(status=204)  # nothing changed: nothing on the screen may move
    if not request.htmx or seen_order != order:
        audit.record_view(actor=request.user, action=Action.WORKLIST_VIEWED, cases=len(rows))
    if not request.htmx:
        turn_to(request)
    context = _context(request, form, queue, rows) | {"seen": f"{order}.{content}"}
    return render(request, "worklist/_queue.html" if request.htmx else "worklist/worklist.html", context)


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
    free = [row for row in Worklist(reader).rows(0, PAGE) if not row.held_by_other]
    for row in free[:MOST_TRIES]:
        try:
            return claim_case(reader=reader, case=row.case)
        except Conflict:
            continue  # a colleague was faster
    return None


def _context(request: HttpRequest, form: WorklistForm, queue: Worklist, rows: list[WorklistRow]) -> dict[str, Any]:
    policy = flag_policy(request.user.clinic)
    numbers = queue_numbers(request.user)
    threshold = form.chosen.get("threshold", policy.threshold if policy else None)
    return {
        "form": form,
        "rows": rows,
        "total": len(queue),
        "more": _shown(request) + PAGE if len(queue) > len(rows) else None,
        "oldest": max((row.waiting for row in rows), default=None),
        "views": [(name, label, numbers.of_view[name]) for name, label in VIEWS],
        "view": form.view_name,
        "filtered": bool(set(form.chosen) - {"view", "threshold"}),
        "hides_unscored": "min_malignancy" in form.chosen,
        "query": _query(request),
        "policy": policy,
        "bars": _bars(numbers, threshold),
        "flags": numbers.flagged_at(threshold) if policy else None,
        "numbers": numbers,
        "threshold": threshold,
        "point": policy.at(threshold) if policy else None,
    }


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


def _fingerprints(rows: Iterable[WorklistRow], total: int) -> tuple[str, str]:
    """Of which cases stand in which order, and of everything that a row says."""
    order = [str(row.case.pk) for row in rows]
    content = [(row.case.state, row.case.tier, row.reason, waited(row.waiting), row.held_by_me) for row in rows]
    return _digest(order, total), _digest(content)


def _digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
