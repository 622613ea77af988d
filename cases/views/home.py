"""The start page: for each role, what is waiting for it."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from cases.models import User
from cases.selectors import home as selectors
from cases.services import audit
from cases.states import CaseState
from cases.views.access import requires
from cases.vocabulary import Action, Role


@requires("view_home")
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    template, context = _HOMES[request.user.role](request.user)
    audit.record_view(actor=request.user, action=Action.CASES_LISTED)
    return render(request, template, context)


def _staff(user: User) -> tuple[str, dict[str, Any]]:
    return "home/staff.html", {
        "retakes": selectors.cases_in(user, CaseState.AWAITING_IMAGES),
        "failed": selectors.failed_cases(user),
        "drafts": selectors.cases_in(user, CaseState.DRAFT).order_by("-updated_at")[: selectors.SHOWN],
        "analysing": selectors.cases_in(user, CaseState.SUBMITTED),
        "ready": selectors.cases_in(user, CaseState.READY)[: selectors.SHOWN],
        "numbers": selectors.waiting_numbers(user),
    }


def _dermatologist(user: User) -> tuple[str, dict[str, Any]]:
    return "home/dermatologist.html", {
        "held": selectors.held_by(user),
        "numbers": selectors.waiting_numbers(user),
    }


def _admin(user: User) -> tuple[str, dict[str, Any]]:
    return "home/admin.html", {
        "today": selectors.numbers_of_today(user),
        "numbers": selectors.waiting_numbers(user),
        "model": selectors.active_model(user),
    }


def _auditor(_: User) -> tuple[str, dict[str, Any]]:
    return "home/auditor.html", {}


_HOMES = {
    Role.STAFF: _staff,
    Role.DERMATOLOGIST: _dermatologist,
    Role.ADMIN: _admin,
    Role.AUDITOR: _auditor,
}
