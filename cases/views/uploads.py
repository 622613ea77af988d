"""Images of a draft: added one or several at a time by a form, described, removed. Files in parts: `views.parts`."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_POST

from cases import permissions
from cases.bodies import FORM_SLACK, announced_length, read_to_the_end
from cases.errors import Conflict, FiledElsewhere, InvalidInput, StorageUnavailable
from cases.forms.intake import ImageKindForm, PlacedImageForm, UploadForm
from cases.models import Case, LesionImage, User
from cases.selectors.veils import with_veils
from cases.services.draft_images import describe_image, remove_image
from cases.services.images import attach_image
from cases.services.quality import accept_image
from cases.views.access import requires
from cases.views.intake import editable_case, pieces, workspace

MOST_FILES = 4  # in one form without JavaScript; with it every file is sent by itself, in parts

ALREADY_HERE = "This image is already in this case."


def bounded(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Refuse by its announced length what would otherwise be written to disk whole before any size is looked at.

    The CSRF token is in the body, so its check comes after this one, and not in the middleware before the view.
    """
    protected = csrf_protect(view)

    @csrf_exempt
    @wraps(view)
    def measured(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if announced_length(request) <= MOST_FILES * settings.UPLOAD_MAX_BYTES + FORM_SLACK:
            return protected(request, *args, **kwargs)
        read_to_the_end(request)
        most = settings.UPLOAD_MAX_BYTES // 1_000_000
        sentence = f"This is too much at once: at most {MOST_FILES} images, and {most} MB each. Nothing was kept."
        context = {"status": 413, "heading": "Too much at once", "sentence": sentence}
        return render(request, "errors/page.html", context, status=413)

    return measured


@bounded
@requires("attach_image")
@require_POST
def upload(request: HttpRequest, case: UUID) -> HttpResponse:
    """Each file is kept or refused by itself: one bad file never costs the others."""
    found = editable_case(request.user, case)
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        needs_reason = bool(form.data.get("override_reason", "").strip())  # what was typed stays to be seen
        return workspace(request, found, upload_form=form, needs_reason=needs_reason)
    place = placed(request.user, form)
    before = set(found.images.values_list("pk", flat=True))
    kept, again, refused = [], [], []
    for file in form.cleaned_data["files"]:
        try:
            image = _attach(request.user, found, file, place)
            (again if image.pk in before else kept).append(image)
            before.add(image.pk)
        except (InvalidInput, Conflict, StorageUnavailable) as error:
            elsewhere = error.existing if isinstance(error, FiledElsewhere) else None
            refused.append({"name": file.name, "sentence": str(error), "elsewhere": elsewhere})
    if again:
        messages.info(request, ALREADY_HERE if len(again) == 1 else f"{len(again)} images are already in this case.")
    if refused:
        needs_reason = any(each["elsewhere"] for each in refused)
        return workspace(request, found, upload_form=form, refused_files=refused, needs_reason=needs_reason)
    if kept:
        messages.success(request, f"{len(kept)} image{'s' if len(kept) > 1 else ''} added.")
    return redirect(f"{reverse('cases:intake', args=[found.pk])}?lesion={place['lesion'].pk}#step-images")


@requires("attach_image")
@require_POST
def describe(request: HttpRequest, image: UUID) -> HttpResponse:
    found = permissions.find(permissions.visible_images(request.user).select_related("case", "lesion"), image)
    form = ImageKindForm(request.POST)
    if not form.is_valid():
        raise InvalidInput(form.errors)
    said, note = dict(form.cleaned_data), ""
    if "image_manipulation" not in form.data:
        said["image_manipulation"] = None  # no mark is lost because nobody said anything of it
    try:
        found = describe_image(actor=request.user, image=found, **said)
    except InvalidInput as refusal:
        note = str(refusal)  # beside the image, which stands there as it was
    context = {"image": with_veils(request.user, [found])[0], "note": note}
    return _after(request, found.case, "cases/intake/_uploaded.html", context, status=422 if note else 200)


@requires("attach_image")
@require_POST
def accept(request: HttpRequest, image: UUID) -> HttpResponse:
    """Used anyway: the picture stays as it is, and nobody asks for a better one again."""
    found = permissions.find(permissions.visible_images(request.user).select_related("case", "lesion"), image)
    found = accept_image(actor=request.user, image=found)
    return _after(request, found.case, "cases/intake/_uploaded.html", {"image": with_veils(request.user, [found])[0]})


@requires("attach_image")
@require_POST
def remove(request: HttpRequest, image: UUID) -> HttpResponse:
    found = permissions.find(permissions.visible_images(request.user).select_related("case__patient"), image)
    remove_image(actor=request.user, image=found)
    return _after(request, found.case, "cases/intake/_removed.html", {})


def placed(user: User, form: PlacedImageForm) -> dict[str, Any]:
    """What a valid form says of the image, its lesion and the image it stands for found in the person's lists."""
    values = form.cleaned_data
    told = ("image_type", "dermoscopic_type", "recognisable", "image_manipulation", "override_reason")
    place = {name: values[name] for name in told}
    place["lesion"] = permissions.find(permissions.visible_lesions(user), values["lesion"])
    if values["replaces"]:
        place["replaces"] = permissions.find(permissions.visible_images(user), values["replaces"])
    return place


def _attach(user: User, case: Case, file: UploadedFile, place: dict[str, Any]) -> LesionImage:
    if file.size > settings.UPLOAD_MAX_BYTES:  # before a single byte of it is read into memory
        most = settings.UPLOAD_MAX_BYTES // 1_000_000
        raise InvalidInput({"file": f"The file has {file.size / 1e6:.0f} MB; at most {most} MB are accepted."})
    return attach_image(actor=user, case=case, data=file.read(), **place)


def _after(
    request: HttpRequest, case: Case, template: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    if request.htmx:
        return render(request, template, {**pieces(request.user, case), **context}, status=status)
    if context.get("note"):
        messages.error(request, context["note"])
    return redirect(f"{reverse('cases:intake', args=[case.pk])}#step-images")
