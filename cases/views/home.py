"""The start page: for each role, what is waiting for it."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from cases.models import User
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


@requires("view_home")
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    template, context = _HOMES[request.user.role](request.user)
    audit.record_view(actor=request.user, action=Action.CASES_LISTED)
    return render(request, template, context)


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
