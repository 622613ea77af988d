"""Tokens for programs: shown once, kept as a hash, and never valid for longer than settings allow."""

from datetime import datetime

from django.db import transaction
from knox.models import get_token_model

from cases.models import User
from cases.services import audit
from cases.vocabulary import Action


@transaction.atomic
def issue_token(*, user: User) -> tuple[str, datetime]:
    """A new token for a person who has just proved who they are, and the moment it expires."""
    record, token = get_token_model().objects.create(user=user)
    if user.clinic:
        audit.record(
            clinic=user.clinic,
            actor=user,
            action=Action.TOKEN_ISSUED,
            about=user,
            payload={"expires_at": record.expiry.isoformat()},
        )
    return token, record.expiry
