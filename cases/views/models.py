"""Model versions: which one answers, where it came from, what it was measured at."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from cases.permissions import find, visible_model_versions
from cases.selectors.sensitivity_floors import below_floors
from cases.services.model_registry import activate_model
from cases.states import MODEL_MOVES, ModelStage
from cases.views.access import requires

_WORDS = {
    "n": "Training images",
    "split_sha256": "SHA-256 of the split",
}  # where the manifest's own name says too little


@requires("view_models")
@require_safe
def models(request: HttpRequest) -> HttpResponse:
    return render(request, "models/models.html", {"versions": visible_model_versions(request.user)})


@requires("view_models")
@require_safe
def model(request: HttpRequest, model_version: UUID) -> HttpResponse:
    found = find(visible_model_versions(request.user), model_version)
    context = {
        "version": found,
        "point": found.thresholds["malignancy"],
        "melanoma": found.thresholds.get("melanoma_sensitivity"),
        "split": found.thresholds["split"],
        "data": _facts(found.manifest["training_data"]),
        "reasons_against": below_floors(found),
        "may_follow": ModelStage.ACTIVE in MODEL_MOVES.legal(found.stage),
    }
    return render(request, "models/model.html", context)


def _facts(data: dict[str, object]) -> dict[str, object]:
    """What a person reads; a list of a thousand image ids is for programs."""
    return {
        _WORDS.get(key, key.replace("_", " ").capitalize()): f"{len(value)}, named in the manifest"
        if isinstance(value, list)
        else value
        for key, value in data.items()
    }


@requires("activate_model")
@require_POST
def activate(request: HttpRequest, model_version: UUID) -> HttpResponse:
    found = find(visible_model_versions(request.user), model_version)
    active = activate_model(model_version=found, actor=request.user)
    messages.success(request, f"{active} answers from now on. Results so far keep the version that gave them.")
    return redirect("cases:models")
