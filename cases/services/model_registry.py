"""Which model versions a clinic knows, and which one answers."""

from pathlib import Path

from django.db import transaction
from django.utils import timezone

from cases.errors import Conflict, InvalidInput, NotFound
from cases.models import Clinic, ModelVersion, User
from cases.permissions import ensure_may, find, visible_model_versions
from cases.runtime import bundle_path
from cases.selectors.sensitivity_floors import below_floors
from cases.services import audit
from cases.states import MODEL_MOVES, ModelStage
from cases.vocabulary import Action
from inference.bundle import Bundle, newest_bundle
from inference.conformance import check_bundle
from inference.errors import BundleError


def register_model(*, clinic: Clinic, bundle: str, actor: User | None = None) -> ModelVersion:
    """Register a bundle by its folder. A known bundle is returned as it is; `actor` None is the command line."""
    if actor:
        ensure_may(actor, "register_model")
    try:
        loaded = Bundle.load(bundle_path(bundle))
    except BundleError as error:
        raise InvalidInput({"bundle": list(error.problems)}) from error
    known = ModelVersion.objects.of_clinic(clinic).filter(sha256=loaded.sha256).first()
    if known:
        return known
    manifest = loaded.manifest
    _refuse_other_content(clinic, manifest.name, manifest.version)
    with transaction.atomic():
        model_version = ModelVersion.objects.create(
            clinic=clinic,
            name=manifest.name,
            version=manifest.version,
            sha256=loaded.sha256,
            bundle=bundle,
            thresholds=manifest.document["thresholds"],
            manifest=manifest.document,
            card=(loaded.path / manifest.card).read_text(encoding="utf-8"),
        )
        audit.record(
            clinic=clinic,
            actor=actor,
            action=Action.MODEL_REGISTERED,
            about=model_version,
            payload={"name": manifest.name, "version": manifest.version, "sha256": loaded.sha256},
        )
    return model_version


def stage_model(*, model_version: ModelVersion, actor: User | None = None) -> ModelVersion:
    """draft → shadow, once the bundle gives the answers that were stored with it."""
    if actor:
        ensure_may(actor, "register_model")
    MODEL_MOVES.check(model_version.stage, ModelStage.SHADOW)
    problems = check_bundle(bundle_path(model_version.bundle))
    if problems:
        raise InvalidInput({"bundle": problems})
    return _move(model_version, ModelStage.SHADOW, actor)


def activate_model(*, model_version: ModelVersion, actor: User | None = None) -> ModelVersion:
    """shadow, retired → active; the version that was active retires in the same moment. Past results stay untouched.

    A version below a sensitivity floor is refused, also as the way back.
    """
    if actor:
        ensure_may(actor, "activate_model")
        model_version = find(visible_model_versions(actor), model_version.pk)
    with transaction.atomic():
        # Two at once would both retire the third. The key stays free: whoever holds the trail refers to the clinic.
        Clinic.objects.select_for_update(no_key=True).get(pk=model_version.clinic_id)
        model_version.refresh_from_db()
        MODEL_MOVES.check(model_version.stage, ModelStage.ACTIVE)
        if reasons := below_floors(model_version):
            raise Conflict(f"{model_version} cannot be activated. {' '.join(reasons)}", current=model_version.stage)
        for previous in ModelVersion.objects.of_clinic(model_version.clinic).active():
            _move(previous, ModelStage.RETIRED, actor)
        return _move(model_version, ModelStage.ACTIVE, actor)


def shipped_bundle(models_dir: Path, wanted: str = "") -> str:
    """The folder of the bundle to start with: the one that is wanted, or the newest that is there."""
    if wanted:
        return wanted
    try:
        return newest_bundle(models_dir).name
    except BundleError as error:
        raise NotFound(str(error)) from error


def _refuse_other_content(clinic: Clinic, name: str, version: str) -> None:
    same = ModelVersion.objects.of_clinic(clinic).filter(name=name, version=version).first()
    if same:
        raise Conflict(
            f"{same} is registered with other content ({same.sha256[:12]}…); give the new bundle a new version.",
            existing=same,
        )


def _move(model_version: ModelVersion, stage: ModelStage, actor: User | None) -> ModelVersion:
    before, now = model_version.stage, timezone.now()
    model_version.move_to(stage)
    if stage == ModelStage.ACTIVE:
        model_version.activated_at, model_version.retired_at = now, None
    if stage == ModelStage.RETIRED:
        model_version.retired_at = now
    with transaction.atomic():
        model_version.save()
        audit.record(
            clinic=model_version.clinic,
            actor=actor,
            action=Action.MODEL_STAGED,
            about=model_version,
            payload={"from": str(before), "to": str(stage), "sha256": model_version.sha256},
        )
    return model_version
