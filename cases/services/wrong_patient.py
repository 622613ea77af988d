"""A picture that another patient of the clinic already has is taken only with a typed reason, and that is on record.

A reason is about the picture that its writer was shown: the trail keeps which one that was.
"""

from django.utils import timezone

from cases.errors import FiledElsewhere
from cases.models import AuditEvent, Case, LesionImage, User
from cases.pictures import Picture
from cases.selectors.twins import Twin, look_alike_elsewhere, same_bytes_elsewhere
from cases.services import audit
from cases.services.checks import Problems
from cases.vocabulary import Action

LONGEST = 200  # characters of a reason
SHORTEST = 5


def check_reason(problems: Problems, reason: str) -> None:
    if reason and not SHORTEST <= len(reason) <= LONGEST:
        problems.add("override_reason", f"Between {SHORTEST} and {LONGEST} characters that say why.")


def refuse_known_bytes(actor: User, case: Case, digest: str, reason: str) -> None:
    """Before the file is decoded: its bytes alone say enough."""
    _refuse(actor, case, same_bytes_elsewhere(case.patient, digest), reason)


def refuse_known_picture(actor: User, case: Case, picture: Picture, reason: str) -> Twin | None:
    """Refuse what another patient has; with a reason, what it was that stood against it."""
    twin = same_bytes_elsewhere(case.patient, picture.sha256) or look_alike_elsewhere(case.patient, picture)
    _refuse(actor, case, twin, reason)
    return twin


def record_override(actor: User, image: LesionImage, twin: Twin) -> None:
    audit.record(
        clinic=image.case.clinic,
        actor=actor,
        action=Action.IMAGE_OVERRIDDEN,
        about=image,
        payload={"case": str(image.case_id), "also": str(twin.image.pk), "same_bytes": twin.same_bytes},
        purpose=image.override_reason,
    )


def _refuse(actor: User, case: Case, twin: Twin | None, reason: str) -> None:
    """Without a reason, or with one that cannot be about this picture: its writer has not been shown it."""
    if twin is None or (reason and _was_shown(actor, case, twin)):
        return
    audit.record(
        clinic=case.clinic,
        actor=actor,
        action=Action.IMAGE_REFUSED,
        about=case,
        payload={"also": str(twin.image.pk), "same_bytes": twin.same_bytes},
    )
    raise _elsewhere(twin, reason)


def _was_shown(actor: User, case: Case, twin: Twin) -> bool:
    events = AuditEvent.objects.of_clinic(case.clinic).about(case.pk).filter(actor=actor, action=Action.IMAGE_REFUSED)
    return events.filter(payload__also=str(twin.image.pk)).exists()


def _elsewhere(twin: Twin, reason: str) -> FiledElsewhere:
    case, day = twin.image.case, timezone.localtime(twin.image.uploaded_at)
    again = "Your reason was not about this picture: look at it first. " if reason else ""
    same = "This very file is" if twin.same_bytes else "A picture that looks the same is"
    return FiledElsewhere(
        f"{again}{same} already filed under another patient: {case.patient.pseudonym}, {case}, {day.day} {day:%b %Y}. "
        "If it belongs to this patient too, say why.",
        existing=case,
    )
