"""How large a file in parts may be, and how much of them may be open at once."""

from django.conf import settings
from django.db.models import Sum

from cases.errors import Conflict, StorageUnavailable
from cases.models import Case, Upload
from cases.services import audit
from cases.services.checks import Problems

_HEX = frozenset("0123456789abcdef")


def check_file(byte_size: int, digest: str) -> None:
    problems = Problems()
    most = settings.UPLOAD_MAX_BYTES
    if not 0 < byte_size <= most:
        problems.add("byte_size", f"Between 1 byte and {most // 1_000_000} MB; this has {byte_size}.")
    if len(digest) != 64 or not _HEX.issuperset(digest):
        problems.add("sha256", "64 hexadecimal digits, in lower case.")
    problems.raise_if_any()


def ensure_room(case: Case, byte_size: int) -> None:
    """What is announced may all arrive: a case and a clinic have only so much of it open at once."""
    if case.uploads.open().count() >= settings.UPLOADS_OPEN_PER_CASE:
        raise Conflict(
            f"{settings.UPLOADS_OPEN_PER_CASE} uploads into this case are not finished. "
            "Finish or discard some of them, then add more."
        )
    audit.hold(case.clinic)  # of two cases that begin at once, the second sees the first
    of_clinic = Upload.objects.open().filter(case__patient__clinic=case.clinic)
    if (of_clinic.aggregate(sum=Sum("byte_size"))["sum"] or 0) + byte_size > settings.UPLOADS_OPEN_BYTES:
        raise StorageUnavailable(
            "Too much is on its way into this clinic. Finish or discard what is open, or try again later."
        )
