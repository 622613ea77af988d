"""What happened in the demo clinic before a newcomer came: one case was read, and one sent back for another image."""

import time
from typing import Final

from django.utils import timezone

from cases.demo.drawings import DRAWN, cases_dealt_with
from cases.demo.filing import DemoCase, file_case
from cases.models import Case, Clinic, Patient, User
from cases.services.reads import record_read
from cases.services.retakes import request_images
from cases.services.review import claim_case
from cases.states import CaseState
from cases.vocabulary import Decision, Diagnosis, Management, OverrideReason, RetakeReason, Role

PATIENCE: Final = 120.0  # seconds for the worker; afterwards the cases wait in the queue like any other
_LOOK_EVERY: Final = 0.5


def tell_story(clinic: Clinic, *, patience: float = PATIENCE) -> int:
    """File both as staff, wait for the network, act as the dermatologist; returns how many were dealt with.

    Harmless to repeat: what was dealt with before stays as it is. A clinic without drawings gets none here either.
    """
    if not Patient.objects.of_clinic(clinic).filter(identifier__startswith=DRAWN).exists():
        return 0
    staff, reader = (_one_of(clinic, role) for role in (Role.STAFF, Role.DERMATOLOGIST))
    read, cut_off = (_filed(demo, staff) for demo in cases_dealt_with(timezone.localdate()))
    give_up = time.monotonic() + patience
    done = 0
    for case, deal_with in ((read, _read_otherwise), (cut_off, _send_back)):
        if _settled(case, give_up).state == CaseState.READY and not _was_dealt_with(case):
            deal_with(case, reader)
            done += 1
    return done


def _one_of(clinic: Clinic, role: Role) -> User:
    return User.objects.filter(membership__clinic=clinic, membership__role=role).earliest("pk")


def _filed(demo: DemoCase, staff: User) -> Case:
    """Newly filed, or the first of a patient for whom somebody may have opened others since."""
    cases = Case.objects.of_clinic(staff.clinic).filter(patient__identifier=demo.identifier)
    return file_case(demo, actor=staff) or cases.earliest("created_at")


def _was_dealt_with(case: Case) -> bool:
    """A case comes back into the queue when its request is answered; nobody asks for the same image again."""
    return case.reads.exists() or case.retakes.exists()


def _settled(case: Case, give_up: float) -> Case:
    """The case once its analyses have ended, or as it is when patience ends."""
    case.refresh_from_db()
    while case.state == CaseState.SUBMITTED and time.monotonic() < give_up:
        time.sleep(_LOOK_EVERY)
        case.refresh_from_db()
    return case


def _read_otherwise(case: Case, reader: User) -> None:
    case = claim_case(reader=reader, case=case)
    record_read(
        reader=reader,
        case=case,
        decision=Decision.OVERRIDE,
        diagnosis=Diagnosis.BKL,
        management=Management.REASSURE,
        reason=OverrideReason.DERMOSCOPIC_CRITERIA,
        comment="Milia-like cysts and comedo-like openings; sharply bordered.",
    )


def _send_back(case: Case, reader: User) -> None:
    request_images(
        dermatologist=reader,
        case=case,
        reason=RetakeReason.LESION_OFF_FRAME,
        comment="The lesion is cut off. Take it whole, with a margin of skin around it.",
        image=case.images.first(),
    )
