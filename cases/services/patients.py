"""The patient register."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from cases.errors import Conflict, InvalidInput
from cases.models import Patient, User
from cases.permissions import ensure_may, find, visible_patients
from cases.services import audit
from cases.services.checks import Problems, unknown_fields
from cases.vocabulary import Action, Answer, Sex, SkinType
from inference.metadata import AGE_RANGE

OLDEST = int(AGE_RANGE[1])  # years; an older age is taken for a slip of the pen, here and by the network

CORRECTABLE = (
    "identifier",
    "given_name",
    "family_name",
    "birth_date",
    "sex",
    "skin_type",
    "personal_melanoma",
    "family_melanoma",
)

FOLDED = ("given_key", "family_key", "family_head")


def register_patient(
    *,
    actor: User,
    identifier: str,
    given_name: str,
    family_name: str,
    birth_date: date | None = None,
    sex: str = Sex.UNKNOWN,
    skin_type: str = SkinType.UNKNOWN,
    personal_melanoma: str = Answer.UNKNOWN,
    family_melanoma: str = Answer.UNKNOWN,
) -> Patient:
    """Register a patient in the actor's clinic. A known identifier is a Conflict with the patient already there."""
    ensure_may(actor, "register_patient")
    patient = Patient(
        clinic=actor.clinic,
        identifier=identifier.strip(),
        given_name=given_name.strip(),
        family_name=family_name.strip(),
        birth_date=birth_date,
        sex=sex,
        skin_type=skin_type,
        personal_melanoma=personal_melanoma,
        family_melanoma=family_melanoma,
        created_by=actor,
    )
    _check(patient)
    try:
        with transaction.atomic():
            _refuse_known(patient)
            patient.save(force_insert=True)
            audit.record(clinic=patient.clinic, actor=actor, action=Action.PATIENT_REGISTERED, about=patient)
    except IntegrityError:
        _refuse_known(patient)  # somebody else was faster
        raise
    return patient


def correct_patient(*, actor: User, patient: Patient, **fields: Any) -> Patient:
    """Put right what was registered wrongly; fields left out stay. The trail tells which changed, never the values.

    Analyses that were already asked for keep the age and sex that they were told.
    """
    ensure_may(actor, "register_patient")
    unknown = unknown_fields(fields, CORRECTABLE)
    if unknown:
        raise InvalidInput(dict.fromkeys(unknown, "A patient has no such field."))
    try:
        with transaction.atomic():
            patient = find(visible_patients(actor).select_for_update(of=("self",), no_key=True), patient.pk)
            changed = _fill(patient, fields)
            _check(patient)
            if changed:
                _refuse_known(patient)
                patient.save(update_fields=[*changed, *FOLDED])
                payload = {"fields": changed}
                action = Action.PATIENT_CORRECTED
                audit.record(clinic=patient.clinic, actor=actor, action=action, about=patient, payload=payload)
    except IntegrityError:
        _refuse_known(patient)  # somebody else was faster
        raise
    return patient


def _fill(patient: Patient, fields: Mapping[str, Any]) -> list[str]:
    """Set the fields (unsaved); the names of those that changed."""
    clean = {name: value.strip() if isinstance(value, str) else value for name, value in fields.items()}
    changed = sorted(name for name, value in clean.items() if getattr(patient, name) != value)
    for name in changed:
        setattr(patient, name, clean[name])
    return changed


def _check(patient: Patient) -> None:
    problems = Problems()
    problems.text("identifier", patient.identifier, longest=64)
    problems.text("given_name", patient.given_name, longest=100)
    problems.text("family_name", patient.family_name, longest=100)
    problems.past("birth_date", patient.birth_date)
    age = patient.age_on(timezone.localdate())
    if age is not None and age > OLDEST:
        problems.add("birth_date", f"This is {age} years ago; at most {OLDEST} years are possible. Check the year.")
    problems.choice("sex", patient.sex, Sex)
    problems.choice("skin_type", patient.skin_type, SkinType)
    problems.choice("personal_melanoma", patient.personal_melanoma, Answer)
    problems.choice("family_melanoma", patient.family_melanoma, Answer)
    problems.raise_if_any()


def _refuse_known(patient: Patient) -> None:
    others = Patient.objects.of_clinic(patient.clinic).exclude(pk=patient.pk)
    known = others.with_identifier(patient.identifier).first()
    if known:
        raise Conflict(f"This identifier is already registered in your clinic as {known.pseudonym}.", existing=known)
