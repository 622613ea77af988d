"""The table behind Django's cache, which counts sign-ins for all processes together."""

from django.core.management import call_command
from django.db import migrations

TABLE = "clinic_cache"


def make(apps, schema_editor):
    call_command("createcachetable", TABLE, database=schema_editor.connection.alias, verbosity=0)


class Migration(migrations.Migration):
    dependencies = [("cases", "0004_audit_head_seal")]

    operations = [migrations.RunPython(make, migrations.RunPython.noop)]
