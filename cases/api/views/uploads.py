"""Files in parts, in the words of tus: announce, send from an offset on, complete."""

from typing import IO, Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from cases import models
from cases.api.endpoint import Endpoint
from cases.api.idempotency import once
from cases.api.serializers.cases import ImageOut
from cases.api.serializers.uploads import CompletionIn, UploadIn, UploadOut
from cases.permissions import visible_cases, visible_uploads
from cases.services.audit import record_view
from cases.services.uploads import check_arrived, complete_upload, discard_upload, receive_part, start_upload
from cases.vocabulary import Action

OFFSET = "Upload-Offset"
_OFFSET = OpenApiParameter(
    OFFSET, OpenApiTypes.INT, OpenApiParameter.HEADER, required=True, description="Where in the file this part begins."
)


class PartParser(BaseParser):
    """Plain bytes, under the name that tus gives them."""

    media_type = "application/offset+octet-stream"

    def parse(self, stream: IO[bytes], *_: Any, **__: Any) -> bytes:
        return stream.read()


class Uploads(Endpoint):
    acts = {"GET": "view_cases", "POST": "attach_image"}
    shapes = {"GET": UploadOut, "POST": UploadIn}

    @extend_schema(responses=UploadOut(many=True))
    def get(self, request: Request, case: UUID) -> Response:
        """What is on its way into this case: begun, and neither complete nor too old."""
        found = self.find(visible_cases, case)
        uploads = visible_uploads(request.user).open().filter(case=found)
        return self.page(uploads, action=Action.CASE_VIEWED, about=found)

    @extend_schema(responses={201: UploadOut})
    @once
    def post(self, request: Request, case: UUID) -> Response:
        """Announce a file. Announced again it is the same upload, and `offset` says from where to go on.

        A file that is in the case already is complete at once. A picture that another patient of the clinic has is a
        409 of type image-of-another-patient, until an `override_reason` says why it belongs here too.
        """
        found = self.find(visible_cases, case)
        return self.created(UploadOut, start_upload(actor=request.user, case=found, **self.checked()))


class Upload(Endpoint):
    acts = {"GET": "view_cases", "PATCH": "attach_image", "DELETE": "attach_image"}
    shapes = {"GET": UploadOut, "PATCH": UploadOut}
    http_method_names = ("get", "head", "patch", "delete")
    parser_classes = (PartParser,)
    stores_files = True

    def get(self, request: Request, upload: UUID) -> Response:
        """How far the upload has come."""
        found = self.find(visible_uploads, upload)
        record_view(actor=request.user, action=Action.CASE_VIEWED, about=found.case)
        return self._at(found)

    @extend_schema(request={PartParser.media_type: OpenApiTypes.BINARY}, parameters=[_OFFSET])
    def patch(self, request: Request, upload: UUID) -> Response:
        """Send the next part, of at most 2 MiB. Where it does not begin at the offset reached, a 409 names that."""
        found = self.find(visible_uploads, upload)
        part = request.data if isinstance(request.data, bytes) else b""  # as much as came, if it broke off
        return self._at(receive_part(actor=request.user, upload=found, offset=self._offset(), part=part))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, upload: UUID) -> Response:
        """Stop an upload; what arrived of it is deleted."""
        discard_upload(actor=request.user, upload=self.find(visible_uploads, upload))
        return Response(status=204)

    def _at(self, upload: models.Upload) -> Response:
        answer = self.shown(UploadOut, upload)
        answer[OFFSET], answer["Upload-Length"] = str(upload.offset), str(upload.byte_size)
        return answer

    def _offset(self) -> int:
        told = self.request.headers.get(OFFSET, "")
        if not (told.isascii() and told.isdigit() and len(told) <= 10):
            raise ValidationError({OFFSET: "Say in this header at which byte the part begins."})
        return int(told)


class Completion(Endpoint):
    acts = {"POST": "attach_image"}
    shapes = {"POST": CompletionIn}
    stores_files = True

    def prepare(self, request: Request, upload: UUID) -> None:
        """Decode and clean the picture: nobody waits for that with a transaction open."""
        told = self.checked()
        self.instead_of = told.pop("instead_of")
        self.upload = {"actor": request.user, "upload": self.find(visible_uploads, upload), **told}
        self.arrived = check_arrived(**self.upload)

    @extend_schema(responses={201: ImageOut})
    @once
    def post(self, request: Request, upload: UUID) -> Response:
        """Make the image of a file of which every part has arrived. Completed again, the same image is answered.

        A picture that looks the same as one of another patient of the clinic is a 409 of type image-of-another-patient:
        complete it again with an `override_reason`. A file that is no usable picture is a 422, and its upload is gone.
        """
        return self.created(ImageOut, complete_upload(**self.upload, instead_of=self.instead_of, arrived=self.arrived))
