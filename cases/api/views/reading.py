from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from cases.api.endpoint import Endpoint
from cases.api.idempotency import once
from cases.api.serializers.cases import CaseOut
from cases.api.serializers.reads import ReadIn, ReadOut
from cases.api.serializers.worklist import WorklistQuery, WorklistRowOut
from cases.api.worklist_pages import WorklistPages
from cases.permissions import visible_cases
from cases.selectors.full import case_in_full
from cases.selectors.saved_filters import wanted_by_saved
from cases.selectors.worklist import WorklistFilter
from cases.services.audit import record_view
from cases.services.reads import record_read
from cases.services.review import claim_case, release_case
from cases.vocabulary import Action


class WorklistRows(Endpoint):
    acts = {"GET": "view_worklist"}
    shapes = {"GET": WorklistRowOut}
    pagination_class = WorklistPages

    @extend_schema(parameters=[WorklistQuery], responses=WorklistRowOut(many=True))
    def get(self, request: Request) -> Response:
        """The dermatologist's queue in its order, each row with the reason for its rank."""
        rows = self.paginator.rows(request, self._wanted())
        record_view(actor=request.user, action=Action.WORKLIST_VIEWED, count=len(rows))
        return self.get_paginated_response(self.get_serializer(rows, many=True).data)

    def _wanted(self) -> WorklistFilter:
        asked = self.asked(WorklistQuery)
        saved = asked.pop("saved", None)
        return wanted_by_saved(saved) if saved else WorklistFilter(**asked)


class Claim(Endpoint):
    acts = {"POST": "claim_case"}

    @extend_schema(request=None, responses=CaseOut)
    @once
    def post(self, request: Request, case: UUID) -> Response:
        """ready → in_review for this dermatologist. Of two at once, one gets 409."""
        before = self.find(visible_cases, case)
        found = claim_case(reader=request.user, case=before)
        if before.claimed_by_id == request.user.pk:  # no new claim in the trail, and yet the whole case is shown
            record_view(actor=request.user, action=Action.CASE_VIEWED, about=found)
        return self.shown(CaseOut, case_in_full(request.user, found))


class Release(Endpoint):
    acts = {"POST": "release_case"}

    @extend_schema(request=None, responses=CaseOut)
    @once
    def post(self, request: Request, case: UUID) -> Response:
        """in_review → ready, by the one who holds it."""
        found = release_case(reader=request.user, case=self.find(visible_cases, case))
        return self.shown(CaseOut, case_in_full(request.user, found))


class Reads(Endpoint):
    acts = {"POST": "record_read"}
    shapes = {"POST": ReadIn}

    @extend_schema(responses={201: ReadOut})
    @once
    def post(self, request: Request, case: UUID) -> Response:
        """Sign a read of a case that this dermatologist holds: confirm the network or override it."""
        found = self.find(visible_cases, case)
        return self.created(ReadOut, record_read(reader=request.user, case=found, **self.checked()))
