"""The quality gate while there is time to take the picture again: when it arrives, not only when it is analysed.

It measures the stored picture on the way that the network's own gate takes, so the two cannot disagree (docs/adr/0010).
"""

import logging
from typing import Any

from django.db import transaction
from django.utils import timezone

from cases.errors import Conflict
from cases.models import Clinic, LesionImage, ModelVersion, QualityCheck, User
from cases.permissions import ensure_may, find, visible_images
from cases.runtime import input_of
from cases.services import audit
from cases.services.intake import locked_case, refuse_unless_editable
from cases.vocabulary import Action, Verdict
from inference.errors import InferenceError
from inference.quality import QualityReport, assess_file

logger = logging.getLogger(__name__)


def measure(clinic: Clinic, stored: bytes) -> QualityReport | None:
    """What the clinic's active network would find; None: there is none, or its bundle cannot be read just now."""
    version = ModelVersion.objects.of_clinic(clinic).active().first()
    if version is None:
        return None
    try:
        return assess_file(stored, input_of(version))
    except (InferenceError, OSError) as error:  # an upload is never lost over it; the analysis will say the same
        logger.warning("model version %s: its bundle cannot be read: %s", version.pk, type(error).__name__)
        return None


def as_fields(report: QualityReport) -> dict[str, Any]:
    """A report as it is stored."""
    return {
        "verdict": Verdict.PASSED if report.acceptable else Verdict.REJECTED,
        "reasons": list(report.reasons),
        "hints": list(report.hints),
        "metrics": {
            item.name: {"value": round(item.value, 4), "unit": item.unit, "accepted": item.accepted}
            for item in report.measurements
        },
    }


def accept_image(*, actor: User, image: LesionImage) -> LesionImage:
    """Use a picture though the gate refuses it: nobody asks for a better one again. Doing it twice changes nothing.

    The network still does not judge it; the dermatologist does.
    """
    ensure_may(actor, "attach_image")
    with transaction.atomic():
        image = find(visible_images(actor), image.pk)
        case = locked_case(actor, image.case)
        refuse_unless_editable(case)
        check = QualityCheck.objects.select_for_update(of=("self",), no_key=True).filter(image=image).first()
        if check is None or check.verdict != Verdict.REJECTED:
            raise Conflict("Nothing speaks against this image: there is nothing to accept.")
        if check.accepted_at is None:
            check.accepted_at, check.accepted_by = timezone.now(), actor
            check.save(update_fields=["accepted_at", "accepted_by"])
            payload = {"case": str(case.pk), "reasons": check.reasons}
            audit.record(clinic=case.clinic, actor=actor, action=Action.IMAGE_ACCEPTED, about=image, payload=payload)
        check.image, image.case = image, case
    return image
