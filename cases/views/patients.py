"""The patient register: list, search, new entry, one patient."""

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.forms.models import model_to_dict
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cases import permissions, workflows
from cases.errors import Conflict, InvalidInput
from cases.forms.cases import ReasonForm
from cases.forms.patients import ConsentForm, FindForm, LikelyForm, PatientForm
from cases.forms.refusals import tell
from cases.models import Case, Patient
from cases.selectors import patients as selectors
from cases.selectors.consents import standing_of
from cases.selectors.likely_patients import likely_patients
from cases.services import audit
from cases.services.patients import CORRECTABLE, correct_patient, register_patient
from cases.views.access import requires
from cases.vocabulary import Action

PAGE = 25
MOST_FOUND = 50


@requires("view_patients")
@require_safe
def register(request: HttpRequest) -> HttpResponse:
    page = Paginator(selectors.register_of(request.user), PAGE).get_page(request.GET.get("page"))
    _note_list(request, page.object_list)
    return render(request, "patients/register.html", {"page": page, "patients": page.object_list, "words": ""})


@requires("view_patients")
@require_POST
def find(request: HttpRequest) -> HttpResponse:
    """By POST on purpose: an address must not hold an identifier or a name, and so neither may a log."""
    form = FindForm(request.POST)
    words = form.cleaned_data["words"].strip() if form.is_valid() else ""
    if not words:
        return redirect("cases:patients") if not request.htmx else register_piece(request)
    found = list(selectors.patients_matching(request.user, words)[: MOST_FOUND + 1])
    _note_list(request, found[:MOST_FOUND])
    context = {"patients": found[:MOST_FOUND], "words": words, "more": len(found) > MOST_FOUND, "most": MOST_FOUND}
    return render(request, "patients/_rows.html" if request.htmx else "patients/register.html", context)


def register_piece(request: HttpRequest) -> HttpResponse:
    """The unsearched list, for a search field that was emptied again."""
    page = Paginator(selectors.register_of(request.user), PAGE).get_page(1)
    _note_list(request, page.object_list)
    return render(request, "patients/_rows.html", {"page": page, "patients": page.object_list, "words": ""})


@requires("register_patient")
@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    form = PatientForm(request.POST or None)
    known = None
    if request.method == "POST" and form.is_valid():
        try:
            patient = register_patient(actor=request.user, **form.cleaned_data)
        except Conflict as conflict:
            known = conflict.existing
        except InvalidInput as refusal:
            tell(form, refusal)
        else:
            messages.success(request, f"Registered as {patient.pseudonym}. Start the case below.")
            return redirect("cases:patient", patient.pk)
    status = 409 if known else 422 if form.errors else 200
    return render(request, "patients/create.html", {"form": form, "known": known}, status=status)


@requires("register_patient")
@require_POST
def likely(request: HttpRequest) -> HttpResponse:
    """Who may be meant already, while a new entry is typed."""
    form = LikelyForm(request.POST)
    form.is_valid()
    found = likely_patients(request.user, **form.cleaned_data)
    if found is not None:
        _note_list(request, [each.patient for each in found])
    return render(request, "patients/_likely.html", {"likely": found, "asked": found is not None})


@requires("register_patient")
@require_http_methods(["GET", "HEAD", "POST"])
def correct(request: HttpRequest, patient: UUID) -> HttpResponse:
    found = permissions.find(permissions.visible_patients(request.user), patient)
    form = PatientForm(request.POST or None, initial=model_to_dict(found, CORRECTABLE))
    known = None
    if request.method == "POST" and form.is_valid():
        try:
            correct_patient(actor=request.user, patient=found, **form.cleaned_data)
        except Conflict as conflict:
            known = conflict.existing
        except InvalidInput as refusal:
            tell(form, refusal)
        else:
            messages.success(request, "Saved. What the network was told before stays as it was.")
            return redirect("cases:patient", found.pk)
    if request.method != "POST":
        audit.record_view(actor=request.user, action=Action.PATIENT_VIEWED, about=found)
    context = {"patient": found, "form": form, "known": known}
    status = 409 if known else 422 if form.errors else 200
    return render(request, "patients/correct.html", context, status=status)


@requires("view_patients")
@require_safe
def show(request: HttpRequest, patient: UUID) -> HttpResponse:
    found = permissions.find(permissions.visible_patients(request.user), patient)
    audit.record_view(actor=request.user, action=Action.PATIENT_VIEWED, about=found)
    return _page(request, found, ConsentForm())


@requires("record_consent")
@require_POST
def consent(request: HttpRequest, patient: UUID) -> HttpResponse:
    found = permissions.find(permissions.visible_patients(request.user), patient)
    form = ConsentForm(request.POST)
    if form.is_valid():
        try:
            workflows.record_consent(actor=request.user, patient=found, **form.cleaned_data)
        except InvalidInput as refusal:
            tell(form, refusal)
        else:
            messages.success(request, "Recorded. Earlier answers stay on record.")
            return redirect("cases:patient", found.pk)
    return _page(request, found, form, status=422)


def _page(request: HttpRequest, patient: Patient, consent_form: ConsentForm, *, status: int = 200) -> HttpResponse:
    cases = selectors.cases_of(request.user, patient)
    context = {
        "patient": patient,
        "lesions": selectors.lesions_of(request.user, patient),
        "cases": cases,
        "form": _reason_form(cases),
        "consents": standing_of(patient),
        "consent_form": consent_form,
    }
    return render(request, "patients/patient.html", context, status=status)


def _reason_form(cases: QuerySet[Case]) -> ReasonForm:
    """Of a patient without a case there is one thing to do: the cursor stands where it begins."""
    form = ReasonForm()
    if not cases:
        form.fields["reason"].widget.attrs["autofocus"] = True
    return form


def _note_list(request: HttpRequest, patients: QuerySet[Patient] | list[Patient]) -> None:
    audit.record_view(actor=request.user, action=Action.PATIENTS_LISTED, patients=len(patients))
