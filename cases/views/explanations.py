"""The part of the reading room where a slow explanation is asked for, awaited and looked at."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseStopPolling

from cases import workflows
from cases.models import Analysis, User
from cases.permissions import find, visible_analyses
from cases.selectors.explanations import explanations_of, overlay_of
from cases.selectors.veils import with_veils
from cases.services import audit
from cases.views.access import requires
from cases.views.media import sealed
from cases.vocabulary import Action
from cases.wording import explained


@requires("view_cases")
@require_safe
def explanations(request: HttpRequest, analysis: UUID) -> HttpResponse:
    """The piece that asks again while work goes on: the page's own pulse, so no event of its own in the trail."""
    found = _analysis(request.user, analysis)
    context = explanation_context(request.user, found)
    if context["busy"] and request.GET.get("seen") == context["seen"]:
        return HttpResponse(status=204)
    response = render(request, "reading/_explanations.html", context)
    return response if context["busy"] else HttpResponseStopPolling(response.content)


@requires("explain_analysis")
@require_POST
def explain(request: HttpRequest, analysis: UUID) -> HttpResponse:
    found = _analysis(request.user, analysis)
    workflows.request_explanation(
        actor=request.user,
        analysis=found,
        method=request.POST.get("method", ""),
        diagnosis=request.POST.get("diagnosis", ""),
    )
    if request.htmx:
        return render(request, "reading/_explanations.html", explanation_context(request.user, found))
    return redirect(f"{reverse('cases:reading', args=[found.image.case_id])}?image={found.image_id}")


@requires("view_cases")
@require_safe
def overlay(request: HttpRequest, explanation: UUID) -> HttpResponseBase:
    """A transparent picture of the stored picture's shape, to be laid over it."""
    found = overlay_of(request.user, explanation)
    audit.record_view(
        actor=request.user, action=Action.ANALYSIS_VIEWED, about=found.analysis, explanation=str(found.pk)
    )
    return sealed(HttpResponse(bytes(found.overlay), content_type="image/png"))


def explanation_context(user: User, analysis: Analysis) -> dict[str, object]:
    """What the piece shows: each explanation in words, and whether one is still being made."""
    found = list(explanations_of(user, analysis))
    return {
        "analysis": analysis,
        "image": with_veils(user, [analysis.image])[0],
        "explanations": [(each, explained(each)) for each in found],
        "busy": any(not each.is_over for each in found),
        "seen": "|".join(f"{each.state} {each.progress}" for each in found),
    }


def _analysis(user: User, analysis: UUID) -> Analysis:
    return find(visible_analyses(user).select_related("image__lesion", "prediction", "model_version"), analysis)
