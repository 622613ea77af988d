"""The clinic of a case's patient beside the case, so that one index has a clinic's cases of a state in their order.

Cases are filled in pieces, each committed by itself. Broken off, the migration is run again: what is done stays done.
"""

import django.db.models.deletion
from django.db import migrations, models, transaction
from django.db.models import OuterRef, Subquery

import cases.models.case
from cases.batches import pieces

BATCH = 10_000


def fill(apps, schema_editor):
    clinic = apps.get_model("cases", "Patient").objects.order_by().filter(pk=OuterRef("patient")).values("clinic")
    for some in pieces(apps.get_model("cases", "Case").objects.all(), BATCH):
        some.filter(patients_clinic=None).update(patients_clinic=Subquery(clinic[:1]))


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


class Whole:
    """One step in a transaction of its own: done or not, never half. The migration as a whole has none."""

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        if not self.is_there(schema_editor.connection):
            with transaction.atomic(schema_editor.connection.alias):
                super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        if self.is_there(schema_editor.connection) is not False:
            with transaction.atomic(schema_editor.connection.alias):
                super().database_backwards(app_label, schema_editor, from_state, to_state)

    def is_there(self, connection):
        """Whether a run that broke off has done it; None where it cannot be told, and doing it again does no harm."""


class AddField(Whole, migrations.AddField):
    def is_there(self, connection):
        with connection.cursor() as cursor:
            columns = connection.introspection.get_table_description(cursor, "cases_case")
        return f"{self.name}_id" in {column.name for column in columns}


class AlterField(Whole, migrations.AlterField):
    pass


class AddIndex(Whole, migrations.AddIndex):
    def is_there(self, connection):
        with connection.cursor() as cursor:
            return self.index.name in connection.introspection.get_constraints(cursor, "cases_case")


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("cases", "0023_image_manipulation")]

    operations = [
        AddField("case", "patients_clinic", field(null=True)),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
        AlterField("case", "patients_clinic", field()),
        AddIndex(
            "case",
            models.Index(fields=["patients_clinic", "state", "created_at"], name="case_by_clinic_and_state"),
        ),
        AddIndex(
            "case",
            models.Index(
                condition=models.Q(("state", "draft")),
                fields=["patients_clinic", "-updated_at"],
                name="case_drafts_of_clinic",
            ),
        ),
    ]
