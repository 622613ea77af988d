"""What every endpoint shares: limits before reading, one format, answers that no cache keeps."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from knox.models import AuthToken
from rest_framework.generics import GenericAPIView
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer, Serializer

from cases.accounts import note_way_in
from cases.api.problems import TooLarge
from cases.bodies import announced_length, read_to_the_end
from cases.errors import NotFound
from cases.models import User
from cases.permissions import ensure_may, find
from cases.services.audit import record_view
from cases.vocabulary import Action


class OneFormat(BaseContentNegotiation):
    """Each address answers in its one format, whatever the Accept header hopes for."""

    def select_parser(self, request: Request, parsers: list[Any]) -> Any:
        sent = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == sent), None)

    def select_renderer(
        self, request: Request, renderers: list[Any], format_suffix: str | None = None
    ) -> tuple[Any, str]:
        return renderers[0], renderers[0].media_type


class Endpoint(GenericAPIView):
    """Base of the endpoints: `acts` says what each method needs in `permissions.ACTS`, `shapes` what it reads or lists.

    An address with an object in it is checked once the object was found: a stranger's object is 404 for every role.
    """

    acts: ClassVar[Mapping[str, str]] = {}
    shapes: ClassVar[Mapping[str, type[BaseSerializer]]] = {}
    http_method_names = ("get", "head", "post")
    stores_files = False
    largest_body = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    content_negotiation_class = OneFormat

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        self._refuse_large_body(request)
        super().initial(request, *args, **kwargs)
        note_way_in(request, token=request.auth.digest if isinstance(request.auth, AuthToken) else "")

    def check_permissions(self, request: Request) -> None:
        super().check_permissions(request)
        if not self.kwargs:
            self._ensure_may()

    def finalize_response(
        self, request: HttpRequest, response: HttpResponseBase, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        response = super().finalize_response(request, response, *args, **kwargs)
        read_to_the_end(self.request._request)  # noqa: SLF001  DRF's own name for Django's request
        response["Cache-Control"] = "private, no-store"
        return response

    def prepare(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """What `post` needs and takes long to make; it writes nothing, and runs before the transaction of `post`."""

    def get_serializer_class(self) -> type[BaseSerializer]:
        return self.shapes.get(self._method, Serializer)

    def find(self, visible: Callable[[User], QuerySet], pk: UUID) -> Any:
        """The object, if this person may see it; otherwise there is none, and 404 says no more. Then the act."""
        found = find(visible(self.request.user), pk)
        self._ensure_may()
        return found

    def checked(self) -> dict[str, Any]:
        """The body in its types; a missing or malformed field ends the request with 400."""
        return self._valid(self.get_serializer(data=self.request.data))

    def asked(self, shape: type[Serializer]) -> dict[str, Any]:
        """The query in its types."""
        return self._valid(shape(data=self.request.query_params.dict(), context=self.get_serializer_context()))

    def shown(self, shape: type[BaseSerializer], thing: Model, *, status: int = 200) -> Response:
        return Response(shape(thing, context=self.get_serializer_context()).data, status=status)

    def created(self, shape: type[BaseSerializer], thing: Model) -> Response:
        return self.shown(shape, thing, status=201)

    def page(self, rows: QuerySet, *, action: Action | None = None, about: Model | None = None) -> Response:
        """One page of a list; `action` is what the audit trail calls looking at it, `about` whose list it is."""
        found = self.paginate_queryset(rows)
        if action:
            record_view(actor=self.request.user, action=action, about=about, count=len(found))
        return self.get_paginated_response(self.get_serializer(found, many=True).data)

    @property
    def _method(self) -> str:
        return "GET" if self.request.method == "HEAD" else self.request.method

    def _ensure_may(self) -> None:
        if self._method in self.acts:
            ensure_may(self.request.user, self.acts[self._method])

    def _valid(self, serializer: BaseSerializer) -> dict[str, Any]:
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def _refuse_large_body(self, request: Request) -> None:
        if announced_length(request) > self.largest_body:
            raise TooLarge(self.too_large())

    def too_large(self) -> Any:
        """What to say of a larger body."""
        return f"The body may have at most {self.largest_body // 1024} KiB."


class Nothing(Endpoint):
    """An address of the API that does not exist says so in the API's own shape."""

    authentication_classes = ()
    permission_classes = ()
    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise NotFound("There is nothing at this address; see /api/docs/.")
