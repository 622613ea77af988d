from uuid import UUID

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from cases import workflows
from cases.api.endpoint import Endpoint
from cases.api.idempotency import once
from cases.api.serializers.explanations import ExplanationIn, ExplanationOut
from cases.api.views.analyses import SANDBOX
from cases.permissions import visible_analyses, visible_explanation_requests
from cases.selectors.explanations import explanations_of, overlay_of
from cases.services.audit import record_view
from cases.vocabulary import Action


class Explanations(Endpoint):
    acts = {"GET": "view_cases", "POST": "explain_analysis"}
    shapes = {"GET": ExplanationOut, "POST": ExplanationIn}

    @extend_schema(responses=ExplanationOut(many=True))
    def get(self, request: Request, analysis: UUID) -> Response:
        """The explanations that were asked for of this analysis."""
        found = self.find(visible_analyses, analysis)
        record_view(actor=request.user, action=Action.ANALYSIS_VIEWED, about=found)
        return self.page(explanations_of(request.user, found))

    @extend_schema(responses={202: ExplanationOut})
    @once
    def post(self, request: Request, analysis: UUID) -> Response:
        """Ask for LIME or SHAP on one diagnosis. It takes half a minute; asked for again, it is the same one."""
        found = self.find(visible_analyses, analysis)
        made = workflows.request_explanation(actor=request.user, analysis=found, **self.checked())
        return self.shown(ExplanationOut, made, status=202)


class Explanation(Endpoint):
    acts = {"GET": "view_cases"}
    shapes = {"GET": ExplanationOut}

    def get(self, request: Request, explanation: UUID) -> Response:
        """How far it is, and what it found."""
        found = self.find(visible_explanation_requests, explanation)
        record_view(actor=request.user, action=Action.ANALYSIS_VIEWED, about=found.analysis)
        return self.shown(ExplanationOut, found)


class ExplanationOverlay(Endpoint):
    acts = {"GET": "view_cases"}

    @extend_schema(responses={(200, "image/png"): OpenApiTypes.BINARY})
    def get(self, request: Request, explanation: UUID) -> HttpResponseBase:
        """A transparent PNG of the stored picture's shape, to be laid over it."""
        self.find(visible_explanation_requests, explanation)
        found = overlay_of(request.user, explanation)
        record_view(actor=request.user, action=Action.ANALYSIS_VIEWED, about=found.analysis, explanation=str(found.pk))
        return HttpResponse(bytes(found.overlay), content_type="image/png", headers=SANDBOX)
