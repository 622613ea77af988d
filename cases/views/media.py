"""Pictures and heat as bytes: only for those who may see the case, and kept by nobody on the way."""

from uuid import UUID

from django.db.models.fields.files import FieldFile
from django.http import FileResponse, HttpRequest, HttpResponseBase, JsonResponse
from django.views.decorators.http import require_safe

from cases import permissions
from cases.errors import NotFound
from cases.models import LesionImage, User
from cases.selectors.reading import heat_of
from cases.selectors.veils import ensure_shown
from cases.services import audit
from cases.views.access import requires
from cases.vocabulary import Action

# Nothing in an upload may run, load or be framed, even if it is opened as a page of its own.
_ALONE = "default-src 'none'; sandbox; frame-ancestors 'none'"


@requires("view_cases")
@require_safe
def picture(request: HttpRequest, image: UUID) -> HttpResponseBase:
    found = _shown_image(request.user, image)
    audit.record_view(actor=request.user, action=Action.IMAGE_VIEWED, about=found)
    return sealed(_file(found.file, found.media_type))


@requires("view_cases")
@require_safe
def thumbnail(request: HttpRequest, image: UUID) -> HttpResponseBase:
    """Not an event of its own: the list that shows it is."""
    found = _shown_image(request.user, image)
    return sealed(_file(found.thumbnail, "image/jpeg"))


@requires("view_cases")
@require_safe
def heat(request: HttpRequest, analysis: UUID) -> HttpResponseBase:
    """The grids of all seven diagnoses; the browser draws them over the picture."""
    analyses = permissions.visible_analyses(request.user).select_related("image__lesion")
    found = permissions.find(analyses, analysis)
    ensure_shown(request.user, found.image)
    grids = heat_of(found)
    audit.record_view(actor=request.user, action=Action.ANALYSIS_VIEWED, about=found)
    return sealed(JsonResponse(grids))


def _shown_image(user: User, image: UUID) -> LesionImage:
    """The image, unless it is veiled and this person has not asked for it."""
    found = permissions.find(permissions.visible_images(user).select_related("lesion"), image)
    ensure_shown(user, found)
    return found


def _file(stored: FieldFile, media_type: str) -> FileResponse:
    """The stored name is random, so it may be said; the uploaded file's own name was never kept."""
    try:
        return FileResponse(stored.open("rb"), content_type=media_type)
    except FileNotFoundError:
        raise NotFound("The file of this image is missing; tell your administrator.") from None


def sealed(response: HttpResponseBase) -> HttpResponseBase:
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    response["Content-Security-Policy"] = _ALONE
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return response
