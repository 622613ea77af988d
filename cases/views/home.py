"""The start page: for each role, what is waiting for it."""

from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from cases.errors import NotFound
from cases.models import Case, User
from cases.selectors import home as selectors
from cases.selectors.policy import flag_policy
from cases.selectors.retakes import open_retakes
from cases.selectors.worklist import Worklist
from cases.services import audit
from cases.states import CaseState
from cases.views.access import requires
from cases.vocabulary import Action, Role

NEXT = 5  # cases that a dermatologist sees at once
LOOKED_AT = 25  # of which some may be held by colleagues
PAGE = 50  # of a list that the start page shows the first of
DEEPEST = 10_000  # pages


class Whole(NamedTuple):
    """A list of the start page that no other page shows whole."""

    heading: str
    cases: QuerySet[Case]


@requires("view_home")
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    template, context = _HOMES[request.user.role](request.user)
    audit.record_view(actor=request.user, action=Action.CASES_LISTED)
    return render(request, template, context)


@requires("view_home")
@require_safe
def home_list(request: HttpRequest, code: str) -> HttpResponse:
    """One list of the start page to its end, page by page; nobody counts how long it is."""
    whole = _lists_of(request.user).get(code)
    if whole is None:
        raise NotFound("There is no such list on your start page.")
    asked = request.GET.get("page", "")
    number = min(max(int(asked), 1), DEEPEST) if asked.isdecimal() and len(asked) < 9 else 1
    start = (number - 1) * PAGE
    rows = list(whole.cases[start : start + PAGE + 1])
    audit.record_view(actor=request.user, action=Action.CASES_LISTED)
    pages = {"number": number, "newer": number - 1, "older": number + 1 if len(rows) > PAGE else 0}
    context = {"heading": whole.heading, "cases": rows[:PAGE], "first": start + 1, "last": start + len(rows[:PAGE])}
    return render(request, "home/list.html", context | pages)


def _lists_of(user: User) -> dict[str, Whole]:
    failed = {"failed": Whole("Analysis failed", selectors.failed_cases(user).order_by("created_at", "pk"))}
    own = {
        "drafts": Whole("Drafts", selectors.cases_in(user, CaseState.DRAFT).order_by("-updated_at", "pk")),
        "analysing": Whole(
            "Being analysed", selectors.cases_in(user, CaseState.SUBMITTED).order_by("created_at", "pk")
        ),
    }
    return {Role.STAFF: {**own, **failed}, Role.ADMIN: failed}.get(user.role, {})


def _staff(user: User) -> tuple[str, dict[str, Any]]:
    return "home/staff.html", {
        "retakes": selectors.first_of(open_retakes(user)),
        "failed": selectors.first_of(selectors.failed_cases(user)),
        "drafts": selectors.first_of(selectors.cases_in(user, CaseState.DRAFT).order_by("-updated_at")),
        "analysing": selectors.first_of(selectors.cases_in(user, CaseState.SUBMITTED)),
        "ready": selectors.first_of(selectors.cases_in(user, CaseState.READY)),
        "numbers": selectors.waiting_numbers(user),
    }


def _dermatologist(user: User) -> tuple[str, dict[str, Any]]:
    queue = Worklist(user)
    rows = [row for row in queue.rows(0, LOOKED_AT) if not (row.held_by_me or row.held_by_other)]
    return "home/dermatologist.html", {
        "held": selectors.first_of(selectors.held_by(user)),
        "queue": queue,
        "rows": rows[:NEXT],
        "oldest": selectors.oldest_wait(user),
    }


def _admin(user: User) -> tuple[str, dict[str, Any]]:
    policy = flag_policy(user.clinic)
    return "home/admin.html", {
        "today": selectors.numbers_of_today(user),
        "numbers": selectors.waiting_numbers(user),
        "failed": selectors.first_of(selectors.failed_cases(user)),
        "model": policy.model_version if policy else None,
        "threshold": policy.threshold if policy else None,
    }


def _auditor(user: User) -> tuple[str, dict[str, Any]]:
    return "home/auditor.html", {"events": selectors.events_today(user)}


_HOMES = {
    Role.STAFF: _staff,
    Role.DERMATOLOGIST: _dermatologist,
    Role.ADMIN: _admin,
    Role.AUDITOR: _auditor,
}
