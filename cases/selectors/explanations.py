"""Explanations that readers asked for."""

from typing import NamedTuple

from django.db.models import QuerySet

from cases.errors import NotFound
from cases.models import Analysis, ExplanationRequest, User
from cases.permissions import find, visible_explanation_requests
from cases.selectors.veils import ensure_shown
from cases.states import ExplanationState

# Below this the simple model says too little about the network to be read as its reason.
TRUSTED_R2 = 0.5


class Weights(NamedTuple):
    """How much of an explanation speaks for its diagnosis and how much against it, in logits."""

    towards: float
    against: float


def explanations_of(user: User, analysis: Analysis) -> QuerySet[ExplanationRequest]:
    """Oldest first, without the pictures themselves."""
    return visible_explanation_requests(user).filter(analysis=analysis).defer("overlay").select_related("analysis")


def overlay_of(user: User, request_id) -> ExplanationRequest:
    """A finished explanation with its picture, which shows as much as the image beneath it."""
    found = find(visible_explanation_requests(user).select_related("analysis__image__lesion"), request_id)
    ensure_shown(user, found.analysis.image)
    if found.state != ExplanationState.DONE:
        raise NotFound("This explanation has no picture yet.")
    return found


def weights_of(request: ExplanationRequest) -> Weights:
    weights = request.weights or []
    return Weights(sum(w for w in weights if w > 0), sum(w for w in weights if w < 0))
