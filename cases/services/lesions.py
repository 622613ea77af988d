"""Lesions: places on the skin that keep their identity across visits."""

from django.db import transaction
from django.db.models import Max

from cases.models import Lesion, Patient, User
from cases.permissions import ensure_may, ensure_visible, visible_patients
from cases.services import audit
from cases.services.checks import Problems
from cases.vocabulary import Action, Laterality, Site


def register_lesion(
    *,
    actor: User,
    patient: Patient,
    site: str,
    laterality: str = Laterality.UNKNOWN,
    body_x: float | None = None,
    body_y: float | None = None,
) -> Lesion:
    """Register a lesion of a patient; the body-map point is optional, the site (which may be "unknown") is not."""
    ensure_may(actor, "register_lesion")
    ensure_visible(visible_patients(actor), patient)
    problems = Problems()
    problems.choice("site", site, Site)
    problems.choice("laterality", laterality, Laterality)
    _check_point(problems, body_x, body_y)
    problems.raise_if_any()
    with transaction.atomic():
        # Numbers are given one at a time. The key stays free: a case that is being opened refers to the patient.
        Patient.objects.select_for_update(no_key=True).get(pk=patient.pk)
        highest = patient.lesions.aggregate(highest=Max("number"))["highest"] or 0
        lesion = Lesion.objects.create(
            patient=patient,
            number=highest + 1,
            site=site,
            laterality=laterality,
            body_x=body_x,
            body_y=body_y,
            created_by=actor,
        )
        audit.record(
            clinic=patient.clinic,
            actor=actor,
            action=Action.LESION_REGISTERED,
            about=lesion,
            payload={"patient": str(patient.pk), "site": site, "laterality": laterality},
        )
    return lesion


def _check_point(problems: Problems, x: float | None, y: float | None) -> None:
    if (x is None) != (y is None):
        problems.add("body_x" if x is None else "body_y", "A point on the body map needs both coordinates.")
    for field, value in (("body_x", x), ("body_y", y)):
        if value is not None and not 0 <= value <= 1:
            problems.add(field, "A share of the body map: between 0 and 1.")
