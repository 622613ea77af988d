"""Other images: asked for in the reading room, answered at the intake, taken back by who asked."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from cases.errors import Conflict, InvalidInput
from cases.forms.refusals import tell
from cases.forms.retakes import RetakeForm, UnableForm
from cases.selectors import reading as selectors
from cases.services import retakes
from cases.views.access import requires
from cases.views.intake import editable_case, workspace
from cases.views.reading import act, next_case, page, refused
from cases.vocabulary import RetakeReason


@requires("request_images")
@act
def request_images(request: HttpRequest, case: UUID) -> HttpResponse:
    """Asked: on to the next case. Refused: the case as it is, with the form as it was filled in."""
    found = selectors.case_to_read(request.user, case)
    images = selectors.images_to_read(request.user, found)
    form = RetakeForm(request.POST, images=images)
    if form.is_valid():
        try:
            asked = retakes.request_images(dermatologist=request.user, case=found, **form.as_request(images))
        except InvalidInput as refusal:
            tell(form, refusal)
        except Conflict as conflict:
            return refused(request, found, conflict, lost="Nothing was asked for.")
        else:
            why = RetakeReason(asked.reason).label.lower()
            return next_case(request, found, f"New image asked for {found.patient.pseudonym}: {why}.")
    return page(request, found, retake_form=form, status=422)


@requires("withdraw_request")
@act
def withdraw(request: HttpRequest, case: UUID) -> HttpResponse:
    found = selectors.case_to_read(request.user, case)
    try:
        retakes.withdraw_request(dermatologist=request.user, case=found)
    except Conflict as conflict:
        return refused(request, found, conflict)
    messages.success(request, "The request is taken back. The case waits with the images it has.")
    return redirect("cases:reading", found.pk)


@requires("decline_retake")
@require_POST
def decline(request: HttpRequest, case: UUID) -> HttpResponse:
    """No other image can be taken: the case goes back to the dermatologist with the reason."""
    found = editable_case(request.user, case)
    retakes.refuse_unless_asked(found)
    form = UnableForm(request.POST)
    if form.is_valid():
        said = form.cleaned_data
        try:
            retakes.decline_retake(actor=request.user, case=found, unable=said["reason"], answer=said["comment"])
        except InvalidInput as refusal:
            tell(form, refusal)
        else:
            words = f"{found.patient.pseudonym} is back with the dermatologists, and your answer stands beside it."
            messages.success(request, words)
            return redirect(reverse("cases:home"))
    return workspace(request, found, unable_form=form)
