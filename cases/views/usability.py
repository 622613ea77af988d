"""How usable is this? The people who work with it answer, the administrator sees what the answers come to."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from cases.errors import InvalidInput
from cases.forms.refusals import tell
from cases.forms.usability import UsabilityForm
from cases.selectors import usability as selectors
from cases.services.audit import record_view
from cases.services.usability import answer_usability
from cases.views.access import requires
from cases.vocabulary import Action


@requires("answer_usability")
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest) -> HttpResponse:
    form = UsabilityForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            answer_usability(actor=request.user, **form.as_answer())
        except InvalidInput as refusal:
            tell(form, refusal)
        else:
            messages.success(request, "Thank you. Your answer is kept, and counts until you answer again.")
            return redirect("cases:home")
    context = {"form": form, "before": selectors.last_answered(request.user)}
    return render(request, "usability/answer.html", context, status=422 if form.errors else 200)


@requires("view_usability")
@require_safe
def results(request: HttpRequest) -> HttpResponse:
    found = selectors.usability_results(request.user)
    record_view(actor=request.user, action=Action.USABILITY_VIEWED, answers=found.count if found else 0)
    return render(request, "usability/results.html", {"results": found, "fewest": selectors.FEWEST})
