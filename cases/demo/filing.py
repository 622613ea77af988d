"""Filing a demonstration case the way staff would: the same services, the same checks, the same trail."""

from dataclasses import dataclass, field
from datetime import date

from django.db import transaction

from cases import workflows
from cases.errors import FiledElsewhere
from cases.models import Case, Patient, User
from cases.services import images, intake, lesions, patients

# Data sets hold the same picture under two names here and there; the clinic need not stop loading for it.
LOADED = "Demonstration picture, loaded as its data set lists it."


@dataclass(frozen=True)
class DemoCase:
    """Everything that staff would type for one case with one image."""

    identifier: str
    given_name: str
    family_name: str
    reason: str
    picture: bytes
    site: str
    sex: str = "unknown"
    birth_date: date | None = None
    laterality: str = "unknown"
    image_manipulation: str = ""
    intake: dict[str, object] = field(default_factory=dict)


def file_case(demo: DemoCase, *, actor: User) -> Case | None:
    """Register and submit; None when this identifier was filed before."""
    if Patient.objects.of_clinic(actor.clinic).filter(identifier=demo.identifier).exists():
        return None
    with transaction.atomic():  # no patient without a case, whatever ends this start
        patient = patients.register_patient(
            actor=actor,
            identifier=demo.identifier,
            given_name=demo.given_name,
            family_name=demo.family_name,
            birth_date=demo.birth_date,
            sex=demo.sex,
        )
        lesion = lesions.register_lesion(actor=actor, patient=patient, site=demo.site, laterality=demo.laterality)
        case = intake.open_case(actor=actor, patient=patient, reason=demo.reason, **demo.intake)
        picture = {
            "case": case,
            "lesion": lesion,
            "data": demo.picture,
            "image_type": "dermoscopic",
            "recognisable": False,
            "image_manipulation": demo.image_manipulation,
        }
        try:
            images.attach_image(actor=actor, **picture)
        except FiledElsewhere:
            images.attach_image(actor=actor, override_reason=LOADED, **picture)
        return workflows.submit_case(actor=actor, case=case)


def years_ago(age: float | None, today: date) -> date | None:
    """A birth date that gives this age today; the middle of the year, so that a leap day cannot matter."""
    return None if age is None else date(today.year - int(age) - (today < date(today.year, 6, 15)), 6, 15)
