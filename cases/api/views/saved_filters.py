from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from cases.api.endpoint import Endpoint
from cases.api.idempotency import once
from cases.api.serializers.saved_filters import SavedFilterChange, SavedFilterIn, SavedFilterOut
from cases.permissions import visible_saved_filters
from cases.services.saved_filters import delete_filter, save_filter, update_filter


class SavedFilters(Endpoint):
    acts = {"GET": "view_worklist", "POST": "save_filter"}
    shapes = {"GET": SavedFilterOut, "POST": SavedFilterIn}

    @extend_schema(responses=SavedFilterOut(many=True))
    def get(self, request: Request) -> Response:
        """This person's own filters of the worklist; nobody sees another's."""
        return self.page(visible_saved_filters(request.user))

    @extend_schema(responses={201: SavedFilterOut})
    @once
    def post(self, request: Request) -> Response:
        """Keep a filter under a name."""
        return self.created(SavedFilterOut, save_filter(owner=request.user, **self.checked()))


class SavedFilter(Endpoint):
    acts = {"GET": "view_worklist", "POST": "save_filter"}
    shapes = {"GET": SavedFilterOut, "POST": SavedFilterChange}

    def get(self, request: Request, saved: UUID) -> Response:
        """One filter, and how many cases match it just now."""
        return self.shown(SavedFilterOut, self.find(visible_saved_filters, saved))

    @extend_schema(operation_id="worklist_filters_change", responses=SavedFilterOut)
    @once
    def post(self, request: Request, saved: UUID) -> Response:
        """Rename it, let it mean something else, or make it the one that the queue opens with."""
        found = self.find(visible_saved_filters, saved)
        return self.shown(SavedFilterOut, update_filter(owner=request.user, saved=found, **self.checked()))


class DeleteSavedFilter(Endpoint):
    acts = {"POST": "save_filter"}

    @extend_schema(request=None, responses=SavedFilterOut)
    @once
    def post(self, request: Request, saved: UUID) -> Response:
        """Delete it; the answer is what it was. No case is changed."""
        found = self.find(visible_saved_filters, saved)
        delete_filter(owner=request.user, saved=found)
        return self.shown(SavedFilterOut, found)
