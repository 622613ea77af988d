"""The reading room: look at one case, hold it, decide it."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.views.decorators.http import require_http_methods, require_safe

from cases.errors import Conflict, IllegalTransition, InvalidInput
from cases.forms.reading import ReadForm
from cases.forms.refusals import tell
from cases.forms.retakes import RetakeForm
from cases.models import Analysis, Case
from cases.permissions import may
from cases.selectors import reading as selectors
from cases.selectors.results import leading, possible, standing_answers
from cases.services import audit
from cases.services.reads import record_read
from cases.services.review import claim_case, release_case
from cases.states import CaseState
from cases.views.access import requires
from cases.views.reading_room import room
from cases.views.worklist import claim_next
from cases.vocabulary import Action
from cases.wording import signed_words


def act(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """An act is posted. What it refuses is shown at its own address, so that a reload there leads back to the case."""

    @wraps(view)
    @require_http_methods(["GET", "POST"])
    def posted(request: HttpRequest, case: UUID) -> HttpResponse:
        return view(request, case) if request.method == "POST" else redirect("cases:reading", case)

    return posted


@requires("view_cases")
@require_safe
def reading(request: HttpRequest, case: UUID) -> HttpResponse:
    found = selectors.case_to_read(request.user, case)
    if found.state == CaseState.DRAFT or _is_theirs_to_answer(request, found):
        return redirect("cases:case", found.pk)
    audit.record_view(actor=request.user, action=Action.CASE_VIEWED, about=found)
    return page(request, found)


def _is_theirs_to_answer(request: HttpRequest, case: Case) -> bool:
    """Who adds the images that are awaited does so at the intake; who decides looks on here."""
    user = request.user
    return case.state == CaseState.AWAITING_IMAGES and may(user, "edit_case") and not may(user, "record_read")


@requires("claim_case")
@act
def claim(request: HttpRequest, case: UUID) -> HttpResponse:
    """Hold the case; the holder's own repeat, sent while they work, holds it longer."""
    found = selectors.case_to_read(request.user, case)
    try:
        found = claim_case(reader=request.user, case=found)
    except Conflict as conflict:
        if request.htmx:
            raise
        return refused(request, found, conflict)
    if request.htmx:
        return render(request, "reading/_held.html", {"case": found})
    return redirect("cases:reading", found.pk)


@requires("release_case")
@act
def release(request: HttpRequest, case: UUID) -> HttpResponse:
    found = selectors.case_to_read(request.user, case)
    try:
        release_case(reader=request.user, case=found)
    except Conflict as conflict:
        return refused(request, found, conflict)
    messages.info(request, f"{found.patient.pseudonym} is free again for any reader.")
    return redirect("cases:worklist")


@requires("record_read")
@act
def sign(request: HttpRequest, case: UUID) -> HttpResponse:
    found = selectors.case_to_read(request.user, case)
    answers = standing_answers(found)
    form = ReadForm(request.POST, possible=possible(answers), initial=_suggestion(leading(answers)))
    if form.is_valid():
        try:
            read = record_read(reader=request.user, case=found, **form.as_read())
        except InvalidInput as refusal:
            tell(form, refusal)
        except Conflict as conflict:
            return refused(request, found, conflict, lost="Your read was not recorded.", form=form)
        else:
            return next_case(request, found, f"Signed {read.case.patient.pseudonym}: {signed_words(read)}.")
    return page(request, found, form=form, status=422)


def next_case(request: HttpRequest, case: Case, done: str) -> HttpResponse:
    """To the next free case, which is held at once so that no colleague reads it in vain.

    With the notice the browser learns that what it kept of this case's forms is no longer needed.
    """
    following = claim_next(request.user)
    if following is None:
        messages.success(request, f"{done} Nothing else waits.", extra_tags=str(case.pk))
        return redirect("cases:worklist")
    until = timezone.localtime(following.claim_until)
    messages.success(
        request, f"{done} This is the next case, held by you until {until:%H:%M}.", extra_tags=str(case.pk)
    )
    return redirect("cases:reading", following.pk)


def refused(request: HttpRequest, case: Case, conflict: Conflict, *, lost: str = "", **extra: Any) -> HttpResponse:
    """The case as it is now, with the sentences that say why the act was not done, and what was lost by it."""
    now = selectors.case_to_read(request.user, case.pk)
    messages.error(request, f"{_overtaken(request, now, conflict)} {lost}".strip())
    return page(request, now, status=409, **extra)


def _overtaken(request: HttpRequest, case: Case, conflict: Conflict) -> str:
    """What has become of the case meanwhile; a state's code is nobody's language."""
    if not isinstance(conflict, IllegalTransition):
        return str(conflict)
    read = selectors.reads_of(request.user, case).last()
    if read is None:
        return f"This case is {case.get_state_display().lower()} now."
    signer = "You" if read.reader_id == request.user.pk else read.reader.username
    when = date_format(timezone.localtime(read.signed_at), "j M Y, H:i")
    return f"{signer} signed this case already, on {when}: {signed_words(read)}."


def page(
    request: HttpRequest,
    case: Case,
    *,
    form: ReadForm | None = None,
    retake_form: RetakeForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """The whole room; a form that was refused is shown as it was filled in."""
    context = room(request.user, case, wanted_image=request.GET.get("image", ""))
    holds = context["holds"]
    if holds or form:
        context["form"] = form or ReadForm(possible=context["possible"], initial=_suggestion(context["leading"]))
    context["retake_form"] = retake_form or _blank_retake(context)
    context["here"] = reverse("cases:reading", args=[case.pk])
    return render(request, "reading/reading.html", context, status=status)


def _blank_retake(context: dict[str, Any]) -> RetakeForm | None:
    """About the image that is being looked at."""
    if not context["may_ask"]:
        return None
    image = context["image"]
    return RetakeForm(images=context["images"], initial={"image": str(image.pk) if image else ""})


def _suggestion(answer: Analysis | None) -> dict[str, str]:
    """Confirming starts at the most probable diagnosis; management is never suggested."""
    return {"confirmed": answer.prediction.diagnosis} if answer else {}
