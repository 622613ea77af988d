"""Veiled images: one person asks for one of them; `turning` covers it again."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from cases.errors import InvalidInput
from cases.forms.veils import MarkForm
from cases.models import LesionImage
from cases.permissions import find, visible_images
from cases.selectors.veils import with_veils
from cases.services.veils import mark_recognisable, reveal_image
from cases.views.access import came_from, requires
from cases.views.reading_room import room


@requires("reveal_image")
@require_POST
def reveal(request: HttpRequest, image: UUID) -> HttpResponse:
    """Answered in place where the page has scripts, by the page itself where it has none."""
    images = visible_images(request.user).select_related("case__patient__clinic", "case__claimed_by", "lesion")
    found = find(images, image)
    reveal_image(viewer=request.user, image=found)
    if not request.htmx:
        case, page = reverse("cases:case", args=[found.case_id]), came_from(request)
        return redirect(page if case in page else case)
    if request.POST.get("part") == "viewer":
        return _viewer(request, found)
    context = {"image": with_veils(request.user, [found])[0], "full": "full" in request.POST, "now_shown": True}
    return render(request, "cases/_picture.html", context)


@requires("mark_recognisable")
@require_POST
def mark(request: HttpRequest, image: UUID) -> HttpResponse:
    """Also long after its case was submitted: a face that was overlooked is veiled by whoever sees it."""
    found = find(visible_images(request.user), image)
    form = MarkForm(request.POST)
    if not form.is_valid():
        raise InvalidInput(form.errors)
    try:
        found = mark_recognisable(actor=request.user, image=found, **form.cleaned_data)
    except InvalidInput as refusal:
        messages.error(request, str(refusal))
    else:
        told = "The image is veiled" if found.recognisable else "The image is no longer marked as recognisable"
        messages.success(request, f"{told}. That was recorded.")
    page = came_from(request)
    case = reverse("cases:case", args=[found.case_id])
    return redirect(page if str(found.case_id) in page else case)


def _viewer(request: HttpRequest, image: LesionImage) -> HttpResponse:
    """The viewer, and the pieces of the reading room in which the same picture stands."""
    context = room(request.user, image.case, wanted_image=str(image.pk))
    return render(request, "reading/_revealed.html", {**context, "now_shown": True})
