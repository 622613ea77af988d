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
from cases.models import Case, Read
from cases.selectors import reading as selectors
from cases.selectors.results import leading_analysis, possible_diagnoses
from cases.services import audit
from cases.services.reads import record_read
from cases.services.review import claim_case, release_case
from cases.states import EDITABLE_CASE
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
    if found.state in EDITABLE_CASE:
        return redirect("cases:case", found.pk)
    audit.record_view(actor=request.user, action=Action.CASE_VIEWED, about=found)
    return _page(request, found)


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
        return _conflict(request, found, conflict)
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
        return _conflict(request, found, conflict)
    messages.info(request, f"{found.patient.pseudonym} is free again for any reader.")
    return redirect("cases:worklist")


@requires("record_read")
@act
def sign(request: HttpRequest, case: UUID) -> HttpResponse:
    found = selectors.case_to_read(request.user, case)
    form = ReadForm(request.POST, possible=possible_diagnoses(found), initial=_suggestion(found))
    if form.is_valid():
        try:
            read = record_read(reader=request.user, case=found, **form.as_read())
        except InvalidInput as refusal:
            tell(form, refusal)
        except Conflict as conflict:
            return _conflict(request, found, conflict, form=form)
        else:
            return _onwards(request, read)
    return _page(request, found, form=form, status=422)


def _onwards(request: HttpRequest, read: Read) -> HttpResponse:
    """To the next free case, which is held at once so that no colleague reads it in vain."""
    done = f"Signed {read.case.patient.pseudonym}: {signed_words(read)}."
    following = claim_next(request.user)
    if following is None:
        messages.success(request, f"{done} Nothing else waits.")
        return redirect("cases:worklist")
    until = timezone.localtime(following.claim_until)
    messages.success(request, f"{done} This is the next case, held by you until {until:%H:%M}.")
    return redirect("cases:reading", following.pk)


def _conflict(request: HttpRequest, case: Case, conflict: Conflict, **extra: Any) -> HttpResponse:
    """The case as it is now, with the sentences that say why the act was not done."""
    now = selectors.case_to_read(request.user, case.pk)
    lost = " Your read was not recorded." if extra else ""
    messages.error(request, f"{_overtaken(request, now, conflict)}{lost}")
    return _page(request, now, status=409, **extra)


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


def _page(request: HttpRequest, case: Case, *, form: ReadForm | None = None, status: int = 200) -> HttpResponse:
    context = room(request.user, case, wanted_image=request.GET.get("image", ""))
    holds = context["holds"]
    if holds or form:
        context["form"] = form or ReadForm(possible=context["possible"], initial=_suggestion(case))
    context["here"] = reverse("cases:reading", args=[case.pk])
    return render(request, "reading/reading.html", context, status=status)


def _suggestion(case: Case) -> dict[str, str]:
    """Confirming starts at the most probable diagnosis; management is never suggested."""
    answer = leading_analysis(case)
    return {"confirmed": answer.prediction.diagnosis} if answer else {}
