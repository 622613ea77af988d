"""The trail of acts. Every service writes its event in its own transaction: no act without it, none without the act."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Model
from django.utils import timezone

from cases.chain import event_hash, head_seal
from cases.models import AuditChain, AuditEvent, Clinic, User
from cases.vocabulary import Action

SYSTEM = "system"


def hold(clinic: Clinic) -> AuditChain:
    """The head of the clinic's chain, locked until the transaction ends: who holds it writes alone in this clinic."""
    chain, _ = AuditChain.objects.select_for_update().get_or_create(clinic=clinic)
    return chain


@transaction.atomic
def record(
    *,
    clinic: Clinic,
    actor: User | None,
    action: Action,
    about: Model | None = None,
    payload: Mapping[str, Any] | None = None,
    purpose: str = "",
) -> AuditEvent:
    """Append one event to the clinic's chain. The payload holds codes, ids and numbers: never personal data.

    The chain's head is locked until the transaction ends, so a service records last: others wait the least.
    """
    chain = hold(clinic)
    about = about or clinic
    event = AuditEvent(
        clinic=clinic,
        seq=chain.seq + 1,
        at=timezone.now(),
        actor=actor,
        actor_role=actor.role if actor else SYSTEM,
        action=action,
        object_type=about._meta.model_name,
        object_id=str(about.pk),
        purpose=purpose,
        payload=dict(payload or {}),
        prev_hash=chain.hash,
    )
    event.hash = event_hash(event)
    event.save(force_insert=True)
    chain.seq, chain.hash = event.seq, event.hash
    chain.seal = head_seal(chain)
    chain.save(update_fields=["seq", "hash", "seal"])
    return event


def record_view(*, actor: User, action: Action, about: Model | None = None, purpose: str = "", **payload: Any) -> None:
    """Somebody looked at or took away patient data; pages and API call this for every view, list and download."""
    if actor.clinic:
        record(clinic=actor.clinic, actor=actor, action=action, about=about, payload=payload, purpose=purpose)
