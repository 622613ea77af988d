from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from cases.api.endpoint import Endpoint
from cases.api.idempotency import once
from cases.api.pagination import NewestFirst
from cases.api.serializers.models import ModelVersionOut
from cases.permissions import visible_model_versions
from cases.services.model_registry import activate_model


class Newest(NewestFirst):
    order = ("registered_at", "id")


class Models(Endpoint):
    acts = {"GET": "view_models"}
    shapes = {"GET": ModelVersionOut}
    pagination_class = Newest

    @extend_schema(responses=ModelVersionOut(many=True))
    def get(self, request: Request) -> Response:
        """The model versions that the clinic knows; at most one is active."""
        return self.page(visible_model_versions(request.user))


class Activation(Endpoint):
    acts = {"POST": "activate_model"}

    @extend_schema(request=None, responses=ModelVersionOut)
    @once
    def post(self, request: Request, model: UUID) -> Response:
        """shadow, retired → active; the version that was active retires in the same moment."""
        found = self.find(visible_model_versions, model)
        return self.shown(ModelVersionOut, activate_model(actor=request.user, model_version=found))
