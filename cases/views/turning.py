"""Whoever turns to another page has left the one before: what was shown there on request is veiled again."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponse

from cases.accounts import note_way_in
from cases.models import LesionImage, User
from cases.permissions import visible_images
from cases.services.veils import veil_again

View = TypeVar("View", bound=Callable[..., HttpResponse])

# Part of an address → the images of the case that it speaks of. An address without any is of no case.
_IMAGES_OF_CASE = {
    "case": "case",
    "image": "case__images",
    "analysis": "case__images__analyses",
    "explanation": "case__images__analyses__explanation_requests",
    "upload": "case__uploads",
}


def turn_to(request: HttpRequest, **address: Any) -> None:
    """In front of every page; what the page of a case asks for in pieces leaves nothing."""
    note_way_in(request)
    if _is_page(request):
        veil_again(viewer=request.user, but=_images_of(request.user, address))


def turns_away(view: View) -> View:
    """For pages of others, which are never those of a case."""

    @wraps(view)
    def turning(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated:
            turn_to(request)
        return view(request, *args, **kwargs)

    return turning


def _images_of(user: User, address: dict[str, Any]) -> Any:
    found = {path: address[part] for part, path in _IMAGES_OF_CASE.items() if part in address}
    return visible_images(user).filter(**found) if found else LesionImage.objects.none()


def _is_page(request: HttpRequest) -> bool:
    """A browser says what it asks for; over plain HTTP only by what it would take."""
    if request.htmx:
        return False
    asked_for = request.headers.get("Sec-Fetch-Dest")
    return asked_for == "document" if asked_for else "text/html" in request.headers.get("Accept", "text/html")
