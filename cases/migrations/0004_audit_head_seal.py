"""Seal the head of each chain, and refuse SQLite's INSERT OR REPLACE, which changes an event without an UPDATE."""

import hashlib
import hmac
import json

from django.conf import settings
from django.db import migrations, models

TABLE = "cases_auditevent"
# REPLACE removes whichever row collides, by its key, by a unique constraint or by its hidden rowid, and fires no
# trigger for that removal. PostgreSQL has no such statement: ON CONFLICT DO UPDATE is an update there.
SQLITE = f"""
    CREATE TRIGGER audit_event_no_replace BEFORE INSERT ON {TABLE}
    WHEN EXISTS (
        SELECT 1 FROM {TABLE}
        WHERE id = NEW.id OR rowid = NEW.rowid
        OR (clinic_id = NEW.clinic_id AND seq = NEW.seq)
        OR (clinic_id = NEW.clinic_id AND prev_hash = NEW.prev_hash)
    )
    BEGIN SELECT RAISE(ABORT, 'audit events are append-only'); END
"""


def protect(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute(SQLITE)


def unprotect(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute("DROP TRIGGER IF EXISTS audit_event_no_replace")


def seal(apps, schema_editor):
    """As the clinic does with every event from now on; spelled out, because a migration must not change with it."""
    for chain in apps.get_model("cases", "AuditChain").objects.all():
        fields = {"chain": str(chain.clinic_id), "seq": chain.seq, "head": chain.hash}
        content = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        chain.seal = hmac.new(settings.AUDIT_KEY.encode(), content, hashlib.sha256).hexdigest()
        chain.save(update_fields=["seal"])


class Migration(migrations.Migration):
    dependencies = [("cases", "0003_case_silent")]

    operations = [
        migrations.AddField("auditchain", "seal", models.CharField(max_length=64, default=""), preserve_default=False),
        migrations.RunPython(seal, migrations.RunPython.noop),
        migrations.RunPython(protect, unprotect),
    ]
