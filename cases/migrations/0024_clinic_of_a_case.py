"""The clinic of a case's patient beside the case, so that one index has a clinic's cases of a state in their order."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import OuterRef, Subquery

import cases.models.case


def fill(apps, schema_editor):
    of_patient = apps.get_model("cases", "Patient").objects.order_by().filter(pk=OuterRef("patient"))
    apps.get_model("cases", "Case").objects.update(patients_clinic=Subquery(of_patient.values("clinic")[:1]))


def field(**kept):
    return cases.models.case.PatientsClinic(
        "cases.clinic",
        db_constraint=False,
        db_index=False,
        editable=False,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        **kept,
    )


class Migration(migrations.Migration):
    dependencies = [("cases", "0023_image_manipulation")]

    operations = [
        migrations.AddField("case", "patients_clinic", field(null=True)),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
        migrations.AlterField("case", "patients_clinic", field()),
        migrations.AddIndex(
            "case",
            models.Index(fields=["patients_clinic", "state", "created_at"], name="case_by_clinic_and_state"),
        ),
        migrations.AddIndex(
            "case",
            models.Index(
                condition=models.Q(("state", "draft")),
                fields=["patients_clinic", "-updated_at"],
                name="case_drafts_of_clinic",
            ),
        ),
    ]
