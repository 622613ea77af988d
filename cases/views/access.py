"""The rule in front of every page: who may call it, and how a refusal looks."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect, retarget

from cases.errors import Conflict, DomainError, Forbidden, InvalidInput, NotFound, StorageUnavailable
from cases.permissions import ACTS, ensure_may
from cases.views.turning import turn_to

View = TypeVar("View", bound=Callable[..., HttpResponse])

# Acts whose forms the browser keeps as drafts, and what was not done when the session had ended.
_DRAFTED = {"record_read": "signed", "request_images": "asked for"}
_REFUSALS: tuple[tuple[type[DomainError], int, str], ...] = (
    (NotFound, 404, "There is nothing here"),
    (Forbidden, 403, "This is not open to your login"),
    (Conflict, 409, "This has changed in the meantime"),
    (InvalidInput, 422, "Something is missing or wrong"),
    (StorageUnavailable, 507, "There is no room left"),
)


def requires(act: str) -> Callable[[View], View]:
    """Open the page to the roles that carry `act` in the table of permissions; say why to everybody else."""
    if act not in ACTS:
        raise ValueError(f"{act} is not an act that permissions.ACTS knows.")

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return _to_sign_in(request, act)
            try:
                turn_to(request, **kwargs)
                ensure_may(request.user, act)
                response = view(request, *args, **kwargs)
            except DomainError as error:
                response = refusal(request, error)
            response.headers.setdefault("Cache-Control", "private, no-store")
            return response

        guarded.access = act  # what the test of conventions reads from every route
        return guarded

    return decorate


def refusal(request: HttpRequest, error: DomainError) -> HttpResponse:
    """The domain's sentence as a page, or, for htmx, as a message above the page that is there already."""
    status, heading = _in_words(error)
    if request.htmx:
        words = {"words": str(error), "tone": "error"}
        return retarget(render(request, "_notice.html", words, status=status), "#notices")
    context = {"status": status, "heading": heading, "sentence": str(error), "back": came_from(request)}
    return render(request, "errors/page.html", context, status=status)


def _in_words(error: DomainError) -> tuple[int, str]:
    return next(
        ((status, heading) for kind, status, heading in _REFUSALS if isinstance(error, kind)),
        (400, "This could not be done"),
    )


# What is said to somebody whose session ended before they sent a form.
_SIGNED_OUT = (
    "You were signed out before this was sent, so nothing was {done}. Sign in: you come back to the page{kept}."
)


def _to_sign_in(request: HttpRequest, act: str) -> HttpResponse:
    """After signing in the person returns to the page, never to an address that only takes forms."""
    if request.htmx:
        messages.warning(request, "You were signed out. Sign in: you come back to the page where you were.")
        here = urlencode({REDIRECT_FIELD_NAME: request.htmx.current_url_abs_path or reverse("cases:home")})
        return HttpResponseClientRedirect(f"{reverse('account_login')}?{here}")
    if request.method == "GET":
        return redirect_to_login(request.get_full_path())
    drafted = act in _DRAFTED
    messages.warning(
        request,
        _SIGNED_OUT.format(
            done=_DRAFTED.get(act, "changed"), kept=", where what you filled in still stands" if drafted else ""
        ),
    )
    return redirect_to_login(came_from(request) or reverse("cases:home"))


def came_from(request: HttpRequest) -> str:
    """The page that a form was sent from."""
    page = request.headers.get("Referer", "")
    own = f"{request.scheme}://{request.get_host()}/"
    return page if request.method == "POST" and page.startswith(own) else ""
