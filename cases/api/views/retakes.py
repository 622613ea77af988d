from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from cases.api.endpoint import Endpoint
from cases.api.idempotency import once
from cases.api.serializers.cases import CaseOut
from cases.api.serializers.retakes import RetakeIn, UnableIn
from cases.permissions import visible_cases
from cases.selectors.full import case_in_full
from cases.services.retakes import decline_retake, request_images, withdraw_request


class RequestImages(Endpoint):
    acts = {"POST": "request_images"}
    shapes = {"POST": RetakeIn}

    @extend_schema(responses=CaseOut)
    @once
    def post(self, request: Request, case: UUID) -> Response:
        """ready, or held by this dermatologist → awaiting_images: ask staff for other images; the clock stops."""
        found = self.find(visible_cases, case)
        asked = request_images(dermatologist=request.user, case=found, **self.checked())
        return self.shown(CaseOut, case_in_full(request.user, asked.case))


class DeclineRetake(Endpoint):
    acts = {"POST": "decline_retake"}
    shapes = {"POST": UnableIn}

    @extend_schema(responses=CaseOut)
    @once
    def post(self, request: Request, case: UUID) -> Response:
        """awaiting_images → ready with the images there are: say why no other one can be taken."""
        found, said = self.find(visible_cases, case), self.checked()
        answered = decline_retake(actor=request.user, case=found, unable=said["reason"], answer=said.get("comment", ""))
        return self.shown(CaseOut, case_in_full(request.user, answered.case))


class WithdrawRequest(Endpoint):
    acts = {"POST": "withdraw_request"}

    @extend_schema(request=None, responses=CaseOut)
    @once
    def post(self, request: Request, case: UUID) -> Response:
        """awaiting_images → ready: the images there are will do after all."""
        withdrawn = withdraw_request(dermatologist=request.user, case=self.find(visible_cases, case))
        return self.shown(CaseOut, case_in_full(request.user, withdrawn.case))
