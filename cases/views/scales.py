"""Saying how large a pixel of an image is: at intake, on the page of the case, and in the reading room."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from cases.errors import InvalidInput
from cases.forms.scales import ScaleForm
from cases.models import LesionImage
from cases.permissions import find, visible_images
from cases.selectors.scales import suggested_scales
from cases.selectors.veils import with_veils
from cases.services import audit
from cases.services.scales import set_scale
from cases.views.access import came_from, requires
from cases.views.intake import pieces
from cases.vocabulary import Action


@requires("set_scale")
@require_POST
def set_image_scale(request: HttpRequest, image: UUID) -> HttpResponse:
    found = find(visible_images(request.user).select_related("case__patient__clinic", "lesion"), image)
    is_new, refusal = _set(request, found)
    if request.htmx:
        return _row(request, found, refusal)
    if refusal:
        messages.error(request, str(refusal))
    elif is_new:
        messages.success(request, "The scale of the image was set. That was recorded.")
    else:
        messages.success(request, "The image has this scale already. Nothing was changed.")
    page, case = came_from(request), reverse("cases:case", args=[found.case_id])
    return redirect(page if str(found.case_id) in page else case)


@requires("set_scale")
@require_safe
def scale_suggestions(request: HttpRequest, image: UUID) -> HttpResponse:
    """A piece: scales that the form may be filled with. It is asked for as the form is opened."""
    found = find(visible_images(request.user).select_related("case__patient__clinic"), image)
    audit.record_view(actor=request.user, action=Action.CASE_VIEWED, about=found.case)
    context = {"image": found, "suggestions": suggested_scales(request.user, found)}
    return render(request, "cases/_scale_suggestions.html", context)


def _set(request: HttpRequest, image: LesionImage) -> tuple[bool, InvalidInput | None]:
    """Whether it is new, or what is wrong with the form."""
    form = ScaleForm(request.POST)
    if not form.is_valid():
        return False, InvalidInput(form.errors)
    try:
        _, is_new = set_scale(actor=request.user, image=image, **form.cleaned_data)
    except InvalidInput as refusal:
        return False, refusal
    return is_new, None


def _row(request: HttpRequest, image: LesionImage, refusal: InvalidInput | None) -> HttpResponse:
    """The row of a draft's image, as it is now."""
    image.refresh_from_db(fields=["pixel_spacing"])
    context = {**pieces(request.user, image.case), "image": with_veils(request.user, [image])[0]}
    context |= {"note": str(refusal), "scale_open": True} if refusal else {}
    return render(request, "cases/intake/_uploaded.html", context, status=422 if refusal else 200)
