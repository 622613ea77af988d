"""The same request sent again is answered again, not carried out again."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from cases.errors import InvalidInput
from cases.models import Case, IdempotencyKey, Lesion, LesionImage, Patient, User
from cases.services import audit
from cases.storage import removed_on_failure
from cases.vocabulary import Action

# Nobody sends a request again after a day, and kept answers hold what they answered.
KEPT = timedelta(hours=24)
Answer = tuple[int, Any]  # HTTP status and JSON body


def fingerprint(*parts: bytes) -> str:
    """One hash for what a request asks (method, path, body), whatever its parts contain."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


# What a kept answer may show of patients, and what the trail calls looking at it.
_VIEWS = {
    Patient: Action.PATIENT_VIEWED,
    Lesion: Action.LESION_VIEWED,
    LesionImage: Action.IMAGE_VIEWED,
    Case: Action.CASE_VIEWED,  # last: an image's answer names its case too
}


def answer_once(
    *, user: User, key: str, fingerprint: str, act: Callable[[], Answer], prepare: Callable[[], None] = lambda: None
) -> Answer:
    """Carry out `act` under this key, or give the answer that was kept, which is a view of what it shows.

    The key is inserted first and in the same transaction: a twin waits at the unique constraint until the answer is
    there, and an act that is refused leaves its key unused. `prepare` does before the transaction what takes long.
    """
    if not 1 <= len(key) <= 200:
        raise InvalidInput({"Idempotency-Key": "Between 1 and 200 characters."})
    kept = _kept(user, key, fingerprint)
    if kept:
        _record_view(user, kept[1])
        return kept
    prepare()
    try:
        with removed_on_failure(), transaction.atomic():
            with transaction.atomic():
                row = IdempotencyKey.objects.create(user=user, key=key, fingerprint=fingerprint)
            row.status, row.body = act()
            row.save(update_fields=["status", "body"])
            return row.status, row.body
    except IntegrityError:
        kept = _kept(user, key, fingerprint)  # the twin was faster, and has answered by now
        if kept is None:
            raise
        _record_view(user, kept[1])
        return kept


def forget_old_answers() -> int:
    """Delete what was kept for long enough."""
    return IdempotencyKey.objects.filter(created_at__lt=timezone.now() - KEPT).delete()[0]


def _kept(user: User, key: str, fingerprint: str) -> Answer | None:
    row = IdempotencyKey.objects.filter(user=user, key=key, status__isnull=False).first()
    if row is None:
        return None
    if row.fingerprint != fingerprint:
        raise InvalidInput({"Idempotency-Key": "This key was used for another request; use a new one for each."})
    return row.status, row.body


def _record_view(user: User, body: Any) -> None:
    """A read is told as a view of its case; what shows no patient, such as a model version, is not told."""
    shown = (body.get("id"), body.get("case")) if isinstance(body, dict) else ()
    for model, action in _VIEWS.items():
        for thing in model.objects.filter(pk__in=[pk for pk in shown if pk]):
            audit.record_view(actor=user, action=action, about=thing, replayed=True)
            return
