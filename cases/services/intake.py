"""Opening a case and filling in what is known about it."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import transaction

from cases.errors import Conflict
from cases.models import Case, Patient, User
from cases.models.case import SYMPTOMS
from cases.permissions import ensure_may, ensure_visible, find, visible_cases, visible_patients
from cases.services import audit
from cases.services.checks import Problems, unknown_fields
from cases.vocabulary import Action, Answer

INTAKE_FIELDS = ("reason", "size_mm", *SYMPTOMS)
LARGEST_MM = Decimal(500)


def open_case(*, actor: User, patient: Patient, reason: str, **intake: Any) -> Case:
    """Open a draft. `intake` may hold size_mm and the symptoms (yes, no, unknown): itch, grew, bled, hurt, …"""
    ensure_may(actor, "open_case")
    ensure_visible(visible_patients(actor), patient)
    case = Case(patient=patient, created_by=actor)
    _fill(case, {"reason": reason, **intake})
    with transaction.atomic():
        case.save(force_insert=True)
        audit.record(
            clinic=patient.clinic,
            actor=actor,
            action=Action.CASE_OPENED,
            about=case,
            payload={"patient": str(patient.pk)},
        )
    return case


def update_intake(*, actor: User, case: Case, **intake: Any) -> Case:
    """Change what is known about a case that is still open for it (draft, awaiting_images). Fields left out stay."""
    ensure_may(actor, "edit_case")
    with transaction.atomic():
        case = locked_case(actor, case)
        refuse_unless_editable(case)
        _fill(case, intake)
        case.save()
        audit.record(
            clinic=case.clinic,
            actor=actor,
            action=Action.CASE_EDITED,
            about=case,
            payload={"fields": sorted(intake)},
        )
    return case


def locked_case(actor: User, case: Case) -> Case:
    """The case as it is now, held until the transaction ends; a stranger's case does not exist."""
    cases = visible_cases(actor).select_related("patient__clinic")
    # The key stays free: rows that refer to the case are checked at a commit that may hold the trail.
    return find(cases.select_for_update(of=("self",), no_key=True), case.pk)


def refuse_unless_editable(case: Case) -> None:
    if not case.is_editable:
        raise Conflict(
            f"This case is {case.state}: images and intake change only while it is draft or awaiting_images. "
            f"From here it can become {', '.join(case.legal_moves) or 'nothing else'}.",
            current=case.state,
            legal=case.legal_moves,
        )


def _fill(case: Case, intake: Mapping[str, Any]) -> None:
    problems = Problems()
    for field in unknown_fields(intake, INTAKE_FIELDS):
        problems.add(field, "A case has no such field.")
    if "reason" in intake:
        case.reason = (intake["reason"] or "").strip()
        problems.text("reason", case.reason, longest=500)
    if "size_mm" in intake:
        case.size_mm = _size(problems, intake["size_mm"])
    for symptom in SYMPTOMS:
        if symptom in intake:
            problems.choice(symptom, intake[symptom], Answer)
            setattr(case, symptom, intake[symptom])
    problems.raise_if_any()


def _size(problems: Problems, value: Any) -> Decimal | None:
    if value is None or value == "":
        return None
    try:
        size = Decimal(str(value)).quantize(Decimal("0.1"))
    except InvalidOperation:
        size = Decimal("NaN")
    if not (size.is_finite() and 0 < size <= LARGEST_MM):
        problems.add("size_mm", f"Millimetres above 0, at most {LARGEST_MM}.")
        return None
    return size
