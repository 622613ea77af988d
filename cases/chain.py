"""How an audit event is tied to the one before it: HMAC-SHA256 over its canonical form."""

import hashlib
import hmac
import json
from typing import Any

from django.conf import settings

from cases.models import AuditEvent


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
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def event_hash(event: AuditEvent) -> str:
    """Without the key nobody can compute a link, so nobody can mend a chain after changing it."""
    return hmac.new(settings.AUDIT_KEY.encode(), canonical(event), hashlib.sha256).hexdigest()
