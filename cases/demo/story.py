"""What happened in the demo clinic before a newcomer came: one case was read, and one sent back for another image."""

import time
from typing import Final

from cases.demo.day import identifier_of
from cases.models import Case, Clinic, User
from cases.services.reads import record_read
from cases.services.retakes import request_images
from cases.services.review import claim_case
from cases.states import CaseState
from cases.vocabulary import Decision, Diagnosis, Management, OverrideReason, RetakeReason, Role

PATIENCE: Final = 120.0  # seconds for the worker; afterwards the cases wait in the queue like any other
_LOOK_EVERY: Final = 0.5


def tell_story(clinic: Clinic, *, patience: float = PATIENCE) -> int:
    """Wait for the network, then act as the dermatologist; returns how many cases were dealt with.

    Harmless to repeat: what was dealt with before stays as it is. A clinic without these people gets none here either.
    """
    reader = User.objects.filter(membership__clinic=clinic, membership__role=Role.DERMATOLOGIST).earliest("pk")
    give_up = time.monotonic() + patience
    done = 0
    for then, deal_with in (("read otherwise", _read_otherwise), ("another image", _send_back)):
        case = _first_case(clinic, identifier_of(then))
        if case and _settled(case, give_up).state == CaseState.READY and not _was_dealt_with(case):
            deal_with(case, reader)
            done += 1
    return done


def _first_case(clinic: Clinic, identifier: str) -> Case | None:
    """Of a patient for whom somebody may have opened others since."""
    return Case.objects.of_clinic(clinic).filter(patient__identifier=identifier).order_by("created_at").first()


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
        # The more careful way: nobody shall learn here to wave through what a network did not rule out.
        diagnosis=Diagnosis.MEL,
        management=Management.BIOPSY,
        reason=OverrideReason.HISTORY,
        comment="Pigment on the face that has grown within a year: lentigo maligna is not ruled out.",
    )


def _send_back(case: Case, reader: User) -> None:
    request_images(
        dermatologist=reader,
        case=case,
        reason=RetakeReason.LESION_OFF_FRAME,
        comment="The lesion is cut off. Take it whole, with a margin of skin around it.",
        image=case.images.first(),
    )
