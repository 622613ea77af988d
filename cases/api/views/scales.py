from uuid import UUID

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from cases.api.endpoint import Endpoint
from cases.api.idempotency import once
from cases.api.serializers.scales import ScaleIn, ScaleOut
from cases.permissions import visible_image_scales, visible_images
from cases.selectors.scales import suggested_scales
from cases.services.scales import set_scale
from cases.vocabulary import Action


class Scales(Endpoint):
    acts = {"GET": "view_cases", "POST": "set_scale"}
    shapes = {"GET": ScaleOut, "POST": ScaleIn}

    @extend_schema(responses=ScaleOut(many=True))
    def get(self, request: Request, image: UUID) -> Response:
        """All that was ever said of an image's scale, newest first; the newest holds."""
        found = self.find(visible_images, image)
        scales = visible_image_scales(request.user).filter(image=found)
        return self.page(scales, action=Action.CASE_VIEWED, about=found.case)

    @extend_schema(responses={201: ScaleOut, 200: OpenApiResponse(ScaleOut, "The same as before: nothing changed.")})
    @once
    def post(self, request: Request, image: UUID) -> Response:
        """Say how large a pixel of an image is, in whatever state its case is. Diameters in millimetres follow; nothing
        is analysed again. It is recorded, and what was said before stays. The same as what holds changes nothing and is
        answered by 200 with what holds."""
        found = self.find(visible_images, image)
        scale, is_new = set_scale(actor=request.user, image=found, **self.checked())
        return self.shown(ScaleOut, scale, status=201 if is_new else 200)


class ScaleSuggestions(Endpoint):
    acts = {"GET": "set_scale"}
    shapes = {"GET": ScaleOut}

    @extend_schema(responses=ScaleOut(many=True))
    def get(self, request: Request, image: UUID) -> Response:
        """The last few distinct scales that hold for other images of the clinic of the same kind, width and height,
        newest first. Nothing is set by it: whether this image was taken in the same way, a person says by POST."""
        found = self.find(visible_images, image)
        return self.page(suggested_scales(request.user, found), action=Action.CASE_VIEWED, about=found.case)
