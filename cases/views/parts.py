"""A file in parts, as the intake page sends it: announced, sent from an offset on, completed, or discarded."""

from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from cases import permissions
from cases.errors import Conflict, DomainError, FiledElsewhere, InvalidInput, OffsetMismatch
from cases.forms.intake import CompletionForm, StartUploadForm
from cases.models import Upload, User
from cases.selectors.veils import with_veils
from cases.services.uploads import complete_upload, discard_upload, receive_part, start_upload
from cases.views.access import requires
from cases.views.intake import editable_case, pieces
from cases.views.uploads import ALREADY_HERE, placed

OFFSET = "Upload-Offset"


@requires("attach_image")
@require_POST
def start(request: HttpRequest, case: UUID) -> HttpResponse:
    """Begin or go on; the answer says from where. What can be refused now is refused before it travels."""
    found = editable_case(request.user, case)
    form = StartUploadForm(request.POST)
    if not form.is_valid():
        return _refused(request, InvalidInput(form.errors))
    file = {name: form.cleaned_data[name] for name in ("byte_size", "sha256")}
    try:
        upload = start_upload(actor=request.user, case=found, **file, **placed(request.user, form))
    except (InvalidInput, Conflict) as refusal:
        return _refused(request, refusal)
    return JsonResponse({"offset": upload.offset, "url": reverse("cases:upload_part", args=[upload.pk])})


@requires("attach_image")
@require_http_methods(["PATCH"])
def part(request: HttpRequest, upload: UUID) -> HttpResponse:
    found = _upload(request.user, upload)
    offset = request.headers.get(OFFSET, "")
    if not (offset.isascii() and offset.isdigit() and len(offset) <= 10):
        raise InvalidInput({OFFSET: "Say in this header at which byte the part begins."})
    try:
        found = receive_part(actor=request.user, upload=found, offset=int(offset), part=request.body)
    except OffsetMismatch as mismatch:
        return HttpResponse(status=409, headers={OFFSET: str(mismatch.offset)})
    return HttpResponse(status=204, headers={OFFSET: str(found.offset)})


@requires("attach_image")
@require_POST
def complete(request: HttpRequest, upload: UUID) -> HttpResponse:
    """The row of the image, with the checklist as it is now."""
    found = _upload(request.user, upload)
    form = CompletionForm(request.POST)
    if not form.is_valid():
        return _refused(request, InvalidInput(form.errors))
    known = found.case.images.filter(sha256=found.sha256).exists()
    try:
        image = complete_upload(actor=request.user, upload=found, **form.cleaned_data)
    except (InvalidInput, Conflict) as refusal:
        return _refused(request, refusal)
    context = {**pieces(request.user, found.case, str(image.lesion_id)), "image": with_veils(request.user, [image])[0]}
    context["note"] = ALREADY_HERE if known else ""
    return render(request, "cases/intake/_uploaded.html", context)


@requires("attach_image")
@require_POST
def discard(request: HttpRequest, upload: UUID) -> HttpResponse:
    found = _upload(request.user, upload)
    discard_upload(actor=request.user, upload=found)
    if request.htmx:
        return render(request, "cases/intake/_removed.html", pieces(request.user, found.case))
    messages.success(request, "The upload was discarded.")
    return redirect(f"{reverse('cases:intake', args=[found.case_id])}#step-images")


def _upload(user: User, upload: UUID) -> Upload:
    return permissions.find(permissions.visible_uploads(user).select_related("case__patient__clinic"), upload)


def _refused(request: HttpRequest, refusal: DomainError) -> HttpResponse:
    elsewhere = refusal.existing if isinstance(refusal, FiledElsewhere) else None
    context = {"sentence": str(refusal), "elsewhere": elsewhere, "key": uuid4().hex[:8]}
    status = 409 if isinstance(refusal, Conflict) else 422
    return render(request, "cases/intake/_refused.html", context, status=status)
