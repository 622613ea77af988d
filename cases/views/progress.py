"""The one address of a case: it leads to whoever works on it next, and shows the way of its images until then."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect, HttpResponseStopPolling, trigger_client_event

from cases import permissions, workflows
from cases.models import Case, User
from cases.selectors.progress import CaseProgress, case_progress
from cases.selectors.reading import reads_of
from cases.selectors.retakes import retakes_of
from cases.selectors.veils import with_veils
from cases.services import audit
from cases.states import CaseState
from cases.templatetags.shell import fingerprint
from cases.views.access import requires
from cases.vocabulary import Action

READABLE = (
    CaseState.AWAITING_IMAGES,
    CaseState.READY,
    CaseState.IN_REVIEW,
    CaseState.SECOND_READ,
    CaseState.ADJUDICATION,
    CaseState.DECIDED,
    CaseState.FOLLOW_UP,
    CaseState.AWAITING_OUTCOME,
    CaseState.CLOSED,
)


@requires("view_cases")
@require_safe
def show(request: HttpRequest, case: UUID) -> HttpResponse:
    found = _case(request.user, case)
    elsewhere = _elsewhere(request.user, found)
    if elsewhere:
        return HttpResponseClientRedirect(elsewhere) if request.htmx else redirect(elsewhere)
    audit.record_view(actor=request.user, action=Action.CASE_VIEWED, about=found)
    context = {
        "case": found,
        "progress": _progress(request.user, found),
        "reads": reads_of(request.user, found),
        "retakes": retakes_of(request.user, found),
    }
    return render(request, "cases/case.html", context)


@requires("view_cases")
@require_safe
def progress(request: HttpRequest, case: UUID) -> HttpResponse:
    """The piece that asks again every two seconds: the page's own pulse, so no event of its own in the trail."""
    found = _case(request.user, case)
    now = _progress(request.user, found)
    waiting = not now.is_over or found.state == CaseState.SUBMITTED
    if waiting and request.GET.get("seen") == fingerprint(now):
        return HttpResponse(status=204)
    response = render(request, "cases/_progress.html", {"case": found, "progress": now})
    if waiting:
        return response
    # The rest of the page can now be drawn anew; 286 tells htmx to stop asking.
    return trigger_client_event(HttpResponseStopPolling(response.content), "case-settled")


@requires("retry_analysis")
@require_POST
def retry(request: HttpRequest, analysis: UUID) -> HttpResponse:
    analyses = permissions.visible_analyses(request.user).select_related("image")
    found = permissions.find(analyses, analysis)
    workflows.retry_analysis(actor=request.user, analysis=found)
    return redirect("cases:case", found.image.case_id)


def _case(user: User, case: UUID) -> Case:
    return permissions.find(permissions.visible_cases(user).select_related("patient__clinic", "claimed_by"), case)


def _progress(user: User, case: Case) -> CaseProgress:
    """Its images veiled as they are for this person."""
    found = case_progress(case)
    with_veils(user, [row.image for row in found.images])
    return found


def _elsewhere(user: User, case: Case) -> str:
    """A draft goes on where it is written, a readable case to whoever reads; "" keeps the person here."""
    if case.state in READABLE and permissions.may(user, "record_read"):
        return reverse("cases:reading", args=[case.pk])
    if case.is_editable and permissions.may(user, "edit_case"):
        return reverse("cases:intake", args=[case.pk])
    return ""
