from uuid import UUID

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from cases import workflows
from cases.api.endpoint import Endpoint
from cases.api.idempotency import once
from cases.api.problems import TooLarge
from cases.api.serializers.cases import CaseFilter, CaseIn, CaseOut, CaseSummary, ImageIn, ImageOut
from cases.bodies import FORM_SLACK
from cases.permissions import visible_cases, visible_images
from cases.selectors.full import case_in_full
from cases.services.audit import record_view
from cases.services.images import attach_image, clean_upload
from cases.services.intake import open_case
from cases.services.quality import accept_image
from cases.vocabulary import Action


class Cases(Endpoint):
    acts = {"GET": "view_cases", "POST": "open_case"}
    shapes = {"GET": CaseSummary, "POST": CaseIn}

    @extend_schema(parameters=[CaseFilter], responses=CaseSummary(many=True))
    def get(self, request: Request) -> Response:
        """Cases of the clinic, newest first."""
        cases = visible_cases(request.user).filter(**self.asked(CaseFilter)).select_related("patient")
        return self.page(cases, action=Action.CASES_LISTED)

    @extend_schema(responses={201: CaseOut})
    @once
    def post(self, request: Request) -> Response:
        """Open a draft for a patient."""
        case = open_case(actor=request.user, **self.checked())
        return self.created(CaseOut, case_in_full(request.user, case))


class Case(Endpoint):
    acts = {"GET": "view_cases"}
    shapes = {"GET": CaseOut}

    def get(self, request: Request, case: UUID) -> Response:
        """A case with its images, its analyses and its signed reads."""
        found = case_in_full(request.user, self.find(visible_cases, case))
        record_view(actor=request.user, action=Action.CASE_VIEWED, about=found)
        return self.shown(CaseOut, found)


class Images(Endpoint):
    acts = {"POST": "attach_image"}
    shapes = {"POST": ImageIn}
    parser_classes = (MultiPartParser,)
    stores_files = True
    largest_body = settings.UPLOAD_MAX_BYTES + FORM_SLACK

    def prepare(self, request: Request, case: UUID) -> None:
        """Decode and clean the picture: nobody waits for that with a transaction open."""
        found = self.find(visible_cases, case)
        fields = self.checked()
        file = fields.pop("file")
        if file.size > settings.UPLOAD_MAX_BYTES:
            raise TooLarge(self.too_large())
        self.upload = {"actor": request.user, "case": found, "data": file.read(), **fields}
        self.picture = clean_upload(**self.upload)

    @extend_schema(responses={201: ImageOut})
    @once
    def post(self, request: Request, case: UUID) -> Response:
        """Attach a picture to a draft. The same bytes twice in one case are one image.

        A picture that another patient of the clinic has is a 409 of type image-of-another-patient, until an
        `override_reason` says why it belongs here too.
        """
        return self.created(ImageOut, attach_image(**self.upload, picture=self.picture))

    def too_large(self) -> dict[str, list[str]]:
        return {"file": [f"A picture may have at most {settings.UPLOAD_MAX_BYTES // 1_000_000} MB."]}


class Acceptance(Endpoint):
    acts = {"POST": "attach_image"}

    @extend_schema(request=None, responses=ImageOut)
    @once
    def post(self, request: Request, image: UUID) -> Response:
        """Use a picture though the quality gate refuses it. The network still does not judge it; a person does."""
        return self.shown(ImageOut, accept_image(actor=request.user, image=self.find(visible_images, image)))


class Submission(Endpoint):
    acts = {"POST": "submit_case"}

    @extend_schema(request=None, responses={202: CaseOut})
    @once
    def post(self, request: Request, case: UUID) -> Response:
        """Hand the case to the network: one analysis per image is queued, and workers take it from there."""
        found = workflows.submit_case(actor=request.user, case=self.find(visible_cases, case))
        return self.shown(CaseOut, case_in_full(request.user, found), status=202)
