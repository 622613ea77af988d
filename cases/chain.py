"""How an audit event is tied to the one before it, and the head to the last: HMAC-SHA256 over canonical forms."""

import hashlib
import hmac
import json
from typing import Any

from django.conf import settings

from cases.models import AuditChain, AuditEvent


def canonical(event: AuditEvent) -> bytes:
    """One byte string per meaning: every field but the hash itself, sorted keys, UTC, UTF-8."""
    fields: dict[str, Any] = {
        "id": str(event.pk),
        "clinic": str(event.clinic_id),
        "seq": event.seq,
        "at": event.at.isoformat(timespec="microseconds"),
        "actor": str(event.actor_id) if event.actor_id else None,
        "actor_role": event.actor_role,
        "action": event.action,
        "object_type": event.object_type,
        "object_id": event.object_id,
        "purpose": event.purpose,
        "payload": event.payload,
        "prev_hash": event.prev_hash,
    }
    return _one_string(fields)


def event_hash(event: AuditEvent) -> str:
    """Without the key nobody can compute a link, so nobody can mend a chain after changing it."""
    return _keyed(canonical(event))


def head_seal(chain: AuditChain) -> str:
    """Without the key nobody can set the head back to an earlier event after deleting those behind it."""
    return _keyed(_one_string({"chain": str(chain.clinic_id), "seq": chain.seq, "head": chain.hash}))


def _one_string(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _keyed(content: bytes) -> str:
    return hmac.new(settings.AUDIT_KEY.encode(), content, hashlib.sha256).hexdigest()
