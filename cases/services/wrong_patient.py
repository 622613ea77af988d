"""A picture that another patient of the clinic already has is taken only with a typed reason, and that is on record."""

from django.utils import timezone

from cases.errors import FiledElsewhere
from cases.models import Case, LesionImage, User
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


def refuse_known_bytes(case: Case, digest: str, reason: str) -> None:
    """Before the file is decoded: its bytes alone say enough."""
    _refuse(same_bytes_elsewhere(case.patient, digest), reason)


def refuse_known_picture(case: Case, picture: Picture, reason: str) -> Twin | None:
    """Refuse what another patient has; with a reason, what it was that stood against it."""
    twin = same_bytes_elsewhere(case.patient, picture.sha256) or look_alike_elsewhere(case.patient, picture)
    _refuse(twin, reason)
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


def _refuse(twin: Twin | None, reason: str) -> None:
    if twin is None or reason:
        return
    case, day = twin.image.case, timezone.localtime(twin.image.uploaded_at)
    same = "This very file is" if twin.same_bytes else "A picture that looks the same is"
    raise FiledElsewhere(
        f"{same} already filed under another patient: {case.patient.pseudonym}, {case}, {day.day} {day:%b %Y}. "
        "If it belongs to this patient too, say why.",
        existing=case,
    )
