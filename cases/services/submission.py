"""Handing a case to the network: one analysis per image, in the same transaction as the submission."""

import hashlib
import json
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from cases.errors import Conflict, InvalidInput
from cases.models import Analysis, Case, LesionImage, ModelVersion, Patient, User
from cases.permissions import ensure_may
from cases.selectors.consents import refuses_ai
from cases.services import audit
from cases.services.assessment import settle_case
from cases.services.intake import locked_case
from cases.services.refusal import without_consent
from cases.services.retakes import answer_with_images
from cases.services.uploads import end_uploads_of
from cases.states import CASE_MOVES, CaseState
from cases.vocabulary import Action, Sex, Site


def submit_case(*, actor: User, case: Case) -> Case:
    """draft, awaiting_images → submitted, with one queued Analysis per image that none was made for yet.

    The caller publishes them on commit. What was waited before other images were asked for still counts.
    """
    ensure_may(actor, "submit_case")
    with transaction.atomic():
        case = locked_case(actor, case)
        # Before anything is told to the trail: a refusal waits for this submission, or is seen by it.
        Patient.objects.select_for_update(no_key=True).get(pk=case.patient_id)
        now = timezone.now()
        case.move_to(CaseState.SUBMITTED, now=now)
        retake = answer_with_images(actor=actor, case=case, now=now)
        images = list(case.images.standing().select_related("lesion"))
        if not images:
            raise InvalidInput({"images": "A case needs at least one image before it is submitted."})
        case.submitted_at = case.submitted_at or now
        case.waiting_since = case.waiting_since or now
        case.analysis_deadline = now + timedelta(seconds=settings.ANALYSIS_DEADLINE_SECONDS)
        case.save()
        end_uploads_of(case, actor=actor)
        model_version = ModelVersion.objects.of_clinic(case.clinic).active().first()
        refused = without_consent() if refuses_ai(case.patient) else {}
        analyses = [queue_analysis(case, image, model_version, **refused) for image in images] if model_version else []
        payload = {"images": len(images), "model": model_version.sha256 if model_version else None}
        payload |= {"retake": str(retake.pk)} if retake else {}
        payload |= {"consent": "refused"} if refused else {}
        audit.record(clinic=case.clinic, actor=actor, action=Action.CASE_SUBMITTED, about=case, payload=payload)
        for analysis in filter(None, analyses):
            record_queued(case, actor, analysis)
        # Without an active model nothing is queued, and the case goes straight to the dermatologist.
        return settle_case(case.pk, now=now)


def cancel_case(*, actor: User, case: Case) -> Case:
    """Withdraw a draft. Once submitted, a case is the dermatologist's to answer, whether images are awaited or not."""
    ensure_may(actor, "cancel_case")
    with transaction.atomic():
        case = locked_case(actor, case)
        CASE_MOVES.check(case.state, CaseState.CANCELLED)
        if case.state != CaseState.DRAFT:
            raise Conflict(
                f"This case is {case.state}: only a draft can be discarded. {_way_on(case)}",
                current=case.state,
                legal=case.legal_moves,
            )
        before = case.state
        case.move_to(CaseState.CANCELLED)
        case.save()
        end_uploads_of(case, actor=actor)
        audit.record(
            clinic=case.clinic, actor=actor, action=Action.CASE_CANCELLED, about=case, payload={"from": before}
        )
    return case


def _way_on(case: Case) -> str:
    if case.state == CaseState.AWAITING_IMAGES:
        return "Add the image that is asked for, or say that it cannot be taken."
    return "It now waits for a dermatologist's decision."


def metadata_of(image: LesionImage, case: Case) -> dict[str, Any]:
    """What the network is told beside the picture, as it is now; None is unknown."""
    patient = case.patient
    day = timezone.localtime(image.captured_at or timezone.now()).date()
    return {
        "age": patient.age_on(day),
        "sex": None if patient.sex == Sex.UNKNOWN else patient.sex,
        "localization": None if image.lesion.site == Site.UNKNOWN else image.lesion.site,
    }


def input_hash(image: LesionImage, metadata: dict[str, Any], model_version: ModelVersion) -> str:
    """One hash for everything an answer depends on: equal hashes have equal answers."""
    whole = {
        "image": image.stored_sha256,
        "image_type": image.image_type,
        "metadata": metadata,
        "model": model_version.sha256,
    }
    return hashlib.sha256(json.dumps(whole, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def queue_analysis(case: Case, image: LesionImage, model_version: ModelVersion, **ended: Any) -> Analysis | None:
    """A new analysis, unless the network has been asked about this image already (a resubmission)."""
    if image.analyses.current().exists():
        return None
    metadata = metadata_of(image, case)
    return Analysis.objects.create(
        image=image,
        model_version=model_version,
        metadata=metadata,
        input_hash=input_hash(image, metadata, model_version),
        **ended,
    )


def record_queued(case: Case, actor: User, analysis: Analysis) -> None:
    audit.record(
        clinic=case.clinic,
        actor=actor,
        action=Action.ANALYSIS_ABSTAINED if analysis.has_ended else Action.ANALYSIS_QUEUED,
        about=analysis,
        payload={"case": str(case.pk), "image": str(analysis.image_id), "input_hash": analysis.input_hash},
    )
