from uuid import UUID

from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from cases.api.endpoint import Endpoint
from cases.api.idempotency import once
from cases.api.serializers.analyses import AnalysisOut
from cases.api.serializers.cases import ImageOut
from cases.api.serializers.reveals import MarkIn, RevealOut
from cases.permissions import visible_analyses, visible_images
from cases.selectors.full import analyses_in_full
from cases.selectors.results import heatmap_png
from cases.selectors.veils import ensure_shown
from cases.services.audit import record_view
from cases.services.veils import mark_recognisable, reveal_image
from cases.vocabulary import Action, Diagnosis

# A picture that is opened on its own is still only a picture.
SANDBOX = {"Content-Security-Policy": "default-src 'none'; sandbox", "X-Content-Type-Options": "nosniff"}


class Analysis(Endpoint):
    acts = {"GET": "view_cases"}
    shapes = {"GET": AnalysisOut}

    def get(self, request: Request, analysis: UUID) -> Response:
        """One image under one model version: how far it is, and what it found."""
        found = self.find(analyses_in_full, analysis)
        record_view(actor=request.user, action=Action.ANALYSIS_VIEWED, about=found)
        return self.shown(AnalysisOut, found)


class Heatmap(Endpoint):
    acts = {"GET": "view_cases"}

    @extend_schema(
        parameters=[OpenApiParameter("diagnosis", str, OpenApiParameter.PATH, enum=sorted(Diagnosis.values))],
        responses={(200, "image/png"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, analysis: UUID, diagnosis: str) -> HttpResponseBase:
        """Grad-CAM for one diagnosis: a transparent PNG of the stored picture's size, to be laid over it."""
        found = self.find(visible_analyses, analysis)
        ensure_shown(request.user, found.image)
        picture = heatmap_png(found, diagnosis)
        record_view(actor=request.user, action=Action.ANALYSIS_VIEWED, about=found, heatmap=diagnosis)
        return HttpResponse(picture, content_type="image/png", headers=SANDBOX)


class ImageFile(Endpoint):
    acts = {"GET": "view_cases"}

    @extend_schema(
        responses={(200, "image/jpeg"): OpenApiTypes.BINARY, (200, "image/png"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, image: UUID) -> HttpResponseBase:
        """The stored picture. A veiled one is 403 of type veiled, until it was revealed."""
        found = self.find(visible_images, image)
        ensure_shown(request.user, found)
        record_view(actor=request.user, action=Action.IMAGE_VIEWED, about=found)
        return FileResponse(found.file.open("rb"), content_type=found.media_type, headers=SANDBOX)


class ImageMark(Endpoint):
    acts = {"POST": "mark_recognisable"}
    shapes = {"POST": MarkIn}

    @extend_schema(responses=ImageOut)
    @once
    def post(self, request: Request, image: UUID) -> Response:
        """Say whether a person can be recognised in an image, in whatever state its case is. To take it back, show the
        image first (`reveal`) and give a `reason`; it is recorded."""
        found = self.find(visible_images, image)
        return self.shown(ImageOut, mark_recognisable(actor=request.user, image=found, **self.checked()))


class ImageReveal(Endpoint):
    acts = {"POST": "reveal_image"}

    @extend_schema(request=None, responses=RevealOut)
    @once
    def post(self, request: Request, image: UUID) -> Response:
        """Show a veiled image, and what is laid over it, to this person by this token: until `until`. No other token or
        browser of theirs shows it. Showing is recorded."""
        found = self.find(visible_images, image)
        return self.shown(RevealOut, reveal_image(viewer=request.user, image=found))
