"""Names as they are searched and compared, beside the names as they are written; filled for who is registered already."""

from django.db import migrations, models

from cases.names import FoldedField, fold

BATCH = 1000
HEAD = 3


def fill(apps, schema_editor):
    patients = apps.get_model("cases", "Patient").objects.order_by().only("given_name", "family_name")
    batch = []
    for patient in patients.iterator(chunk_size=BATCH):
        patient.given_key, patient.family_key = fold(patient.given_name)[:200], fold(patient.family_name)[:200]
        patient.family_head = patient.family_key[:HEAD]
        batch.append(patient)
        if len(batch) == BATCH:
            keep(patients, batch)
            batch = []
    keep(patients, batch)


def keep(patients, batch):
    patients.bulk_update(batch, ["given_key", "family_key", "family_head"])


class Migration(migrations.Migration):
    dependencies = [("cases", "0018_queue")]

    operations = [
        migrations.AddField(
            "patient",
            "family_head",
            FoldedField(blank=True, default="", editable=False, first=HEAD, max_length=HEAD, of="family_name"),
        ),
        migrations.AddField(
            "patient",
            "family_key",
            FoldedField(blank=True, default="", editable=False, max_length=200, of="family_name"),
        ),
        migrations.AddField(
            "patient",
            "given_key",
            FoldedField(blank=True, default="", editable=False, max_length=200, of="given_name"),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
        migrations.AddIndex("patient", models.Index(fields=["clinic", "birth_date"], name="patient_by_birth_date")),
        migrations.AddIndex("patient", models.Index(fields=["clinic", "family_head"], name="patient_by_family_name")),
    ]
