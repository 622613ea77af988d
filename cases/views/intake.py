"""Intake on one page: lesion, images, history, checklist, submit. Each step is kept as it is made: a draft can wait."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.views.decorators.http import require_POST, require_safe

from cases import permissions, workflows
from cases.errors import InvalidInput
from cases.forms.cases import HistoryForm, ReasonForm
from cases.forms.intake import MANIPULATIONS, LesionForm, UploadForm
from cases.forms.refusals import tell
from cases.forms.retakes import UnableForm
from cases.models import Case, User
from cases.models.case import SYMPTOMS
from cases.selectors import intake as selectors
from cases.selectors.patients import register_of
from cases.selectors.retakes import retakes_of
from cases.selectors.veils import with_veils
from cases.services import audit, submission
from cases.services.intake import open_case, refuse_unless_editable, update_intake
from cases.services.lesions import register_lesion
from cases.views.access import requires
from cases.vocabulary import Action, DermoscopicType, ImageType

NEWEST = 10


@requires("open_case")
@require_safe
def new_case(request: HttpRequest) -> HttpResponse:
    """A case begins with its patient."""
    patients = register_of(request.user)[:NEWEST]
    audit.record_view(actor=request.user, action=Action.PATIENTS_LISTED, patients=len(patients))
    return render(request, "cases/new.html", {"patients": patients})


@requires("open_case")
@require_POST
def open_draft(request: HttpRequest, patient: UUID) -> HttpResponse:
    found = permissions.find(permissions.visible_patients(request.user), patient)
    form = ReasonForm(request.POST)
    if form.is_valid():
        case = open_case(actor=request.user, patient=found, reason=form.cleaned_data["reason"])
        return redirect("cases:intake", case.pk)
    return render(request, "cases/new_for_patient.html", {"patient": found, "form": form}, status=422)


@requires("edit_case")
@require_safe
def intake(request: HttpRequest, case: UUID) -> HttpResponse:
    found = editable_case(request.user, case)
    if not found.is_editable:
        return redirect("cases:case", found.pk)
    audit.record_view(actor=request.user, action=Action.CASE_VIEWED, about=found)
    return workspace(request, found)


@requires("register_lesion")
@require_POST
def add_lesion(request: HttpRequest, case: UUID) -> HttpResponse:
    found = editable_case(request.user, case)
    form = LesionForm(request.POST)
    if form.is_valid():
        lesion = register_lesion(actor=request.user, patient=found.patient, **form.cleaned_data)
        messages.success(request, f"{lesion} added. Its images come next.")
        return redirect(f"{reverse('cases:intake', args=[found.pk])}?lesion={lesion.pk}#step-images")
    return workspace(request, found, lesion_form=form)


@requires("edit_case")
@require_POST
def save_history(request: HttpRequest, case: UUID) -> HttpResponse:
    """By the button, or by itself after each answer; the piece says when it was kept, or why not."""
    found = editable_case(request.user, case)
    form = HistoryForm(request.POST)
    found = _kept(request.user, found, form) or found
    if request.htmx:
        context = {**pieces(request.user, found), "form": form, "now": timezone.now()}
        return render(request, "cases/intake/_saved.html", context)
    if form.errors:
        return workspace(request, found, history_form=form)
    messages.success(request, "History saved.")
    return redirect(f"{reverse('cases:intake', args=[found.pk])}#step-history")


@requires("submit_case")
@require_POST
def submit(request: HttpRequest, case: UUID) -> HttpResponse:
    """The history comes along as it stands on the page, so that the answer typed last is not left behind."""
    found = editable_case(request.user, case)
    form = HistoryForm(request.POST, initial=known_history(found))
    if "reason" in request.POST and not _kept(request.user, found, form):
        messages.error(request, "Not submitted yet: an answer in the history needs to be corrected first.")
        return workspace(request, found, history_form=form)
    try:
        workflows.submit_case(actor=request.user, case=found)
    except InvalidInput as refusal:
        for sentences in refusal.errors.values():
            messages.error(request, " ".join(sentences))
        return redirect("cases:intake", found.pk)
    return redirect("cases:case", found.pk)


@requires("cancel_case")
@require_POST
def discard(request: HttpRequest, case: UUID) -> HttpResponse:
    found = editable_case(request.user, case)
    submission.cancel_case(actor=request.user, case=found)
    sentence = f"{found} was discarded. It stays in the patient's list as cancelled."
    messages.success(request, sentence, extra_tags=str(found.pk))
    return redirect("cases:patient", found.patient_id)


def _kept(user: User, case: Case, form: HistoryForm) -> Case | None:
    """The case with these answers; None when one was refused, and the form says which and why."""
    if not form.is_valid():
        return None
    if not form.has_changed():
        return case
    try:
        return update_intake(actor=user, case=case, **form.cleaned_data)
    except InvalidInput as refusal:
        tell(form, refusal)
        return None


def known_history(case: Case) -> dict[str, Any]:
    return {field: getattr(case, field) for field in ("reason", "size_mm", *SYMPTOMS)}


def editable_case(user: User, case: UUID) -> Case:
    """The case, if it is in the person's list; whether it may still change is for the service to say."""
    return permissions.find(permissions.visible_cases(user).select_related("patient__clinic"), case)


def pieces(user: User, case: Case, asked_for: str = "") -> dict[str, Any]:
    """What every part of the page is drawn from, as it is now."""
    images = with_veils(user, selectors.images_of(user, case))
    lesions = list(selectors.lesions_to_choose(user, case))
    retakes = retakes_of(user, case)
    retake = next((each for each in retakes if each.is_open), None)
    if retake and retake.image and not asked_for:
        asked_for = str(retake.image.lesion_id)
    uploads = list(selectors.uploads_of(user, case))
    since, earlier = selectors.split_by_request(images, retake)
    lesion = selectors.lesion_at_hand(case, lesions, images, asked_for)
    checks = selectors.answer_checklist(retake, since) if retake else selectors.checklist(case, lesion, images, uploads)
    complete = selectors.may_be_submitted(checks)
    return {
        "case": case,
        "images": since,
        "earlier": earlier,
        "uploads": uploads,
        "retake": retake,
        "retakes": retakes,
        "replaceable": retake.image if retake and retake.image and retake.image.lesion == lesion else None,
        "lesions": lesions,
        "lesion": lesion,
        "checks": checks,
        "complete": complete,
        "secret": salted_hmac("cases.kept_files", str(user.pk), algorithm="sha256").hexdigest(),  # js/kept.js
        "most_bytes": settings.UPLOAD_MAX_BYTES,
        "image_types": ImageType.choices,
        "dermoscopic_types": DermoscopicType.choices,
        "manipulations": MANIPULATIONS,
    }


def workspace(request: HttpRequest, case: Case, **forms: Any) -> HttpResponse:
    """The whole page; a form that was refused is shown as it was typed. What can no longer be changed has none."""
    refuse_unless_editable(case)
    parts = pieces(request.user, case, request.POST.get("lesion") or request.GET.get("lesion", ""))
    context = {
        **parts,
        "patient": case.patient,
        "lesion_form": LesionForm(),
        "upload_form": UploadForm(),
        "unable_form": UnableForm(),
        "history_form": HistoryForm(initial=known_history(case)),
        "refused_files": [],
        **forms,
    }
    return render(request, "cases/intake/page.html", context, status=422 if forms else 200)
