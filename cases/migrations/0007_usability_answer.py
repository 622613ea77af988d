"""Answers to the System Usability Scale. The database keeps each as it was given: the latest counts, none is changed."""

import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models

TABLE = "cases_usabilityanswer"

SQLITE = {
    "usability_answer_no_update": f"""
        CREATE TRIGGER usability_answer_no_update BEFORE UPDATE ON {TABLE}
        BEGIN SELECT RAISE(ABORT, 'usability answers are append-only'); END
    """,
    "usability_answer_no_delete": f"""
        CREATE TRIGGER usability_answer_no_delete BEFORE DELETE ON {TABLE}
        BEGIN SELECT RAISE(ABORT, 'usability answers are append-only'); END
    """,
    # REPLACE removes the row that collides and fires no trigger for that removal.
    "usability_answer_no_replace": f"""
        CREATE TRIGGER usability_answer_no_replace BEFORE INSERT ON {TABLE}
        WHEN EXISTS (SELECT 1 FROM {TABLE} WHERE id = NEW.id OR rowid = NEW.rowid)
        BEGIN SELECT RAISE(ABORT, 'usability answers are append-only'); END
    """,
}
POSTGRESQL = f"""
    CREATE OR REPLACE FUNCTION usability_answer_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'usability answers are append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$;
    CREATE TRIGGER usability_answer_no_change BEFORE UPDATE OR DELETE ON {TABLE}
        FOR EACH ROW EXECUTE FUNCTION usability_answer_is_append_only();
"""
POSTGRESQL_UNDO = f"""
    DROP TRIGGER IF EXISTS usability_answer_no_change ON {TABLE};
    DROP FUNCTION IF EXISTS usability_answer_is_append_only();
"""


def protect(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        if schema_editor.connection.vendor == "sqlite":
            for statement in SQLITE.values():
                cursor.execute(statement)
        elif schema_editor.connection.vendor == "postgresql":
            cursor.execute(POSTGRESQL)


def unprotect(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        if schema_editor.connection.vendor == "sqlite":
            for name in SQLITE:
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
        elif schema_editor.connection.vendor == "postgresql":
            cursor.execute(POSTGRESQL_UNDO)


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0006_identifier_in_any_case"),
    ]

    operations = [
        migrations.CreateModel(
            name="UsabilityAnswer",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("staff", "Clinic staff"),
                            ("dermatologist", "Dermatologist"),
                            ("admin", "Administrator"),
                            ("auditor", "Auditor"),
                        ],
                        max_length=20,
                    ),
                ),
                ("statement_1", models.PositiveSmallIntegerField()),
                ("statement_2", models.PositiveSmallIntegerField()),
                ("statement_3", models.PositiveSmallIntegerField()),
                ("statement_4", models.PositiveSmallIntegerField()),
                ("statement_5", models.PositiveSmallIntegerField()),
                ("statement_6", models.PositiveSmallIntegerField()),
                ("statement_7", models.PositiveSmallIntegerField()),
                ("statement_8", models.PositiveSmallIntegerField()),
                ("statement_9", models.PositiveSmallIntegerField()),
                ("statement_10", models.PositiveSmallIntegerField()),
                ("comment", models.TextField(blank=True, default="", max_length=2000)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "clinic",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="usability_answers", to="cases.clinic"
                    ),
                ),
                (
                    "respondent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="usability_answers",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at", "id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("role__in", ["staff", "dermatologist", "admin", "auditor"])),
                        name="usability_role_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("statement_10__range", (1, 5)),
                            ("statement_1__range", (1, 5)),
                            ("statement_2__range", (1, 5)),
                            ("statement_3__range", (1, 5)),
                            ("statement_4__range", (1, 5)),
                            ("statement_5__range", (1, 5)),
                            ("statement_6__range", (1, 5)),
                            ("statement_7__range", (1, 5)),
                            ("statement_8__range", (1, 5)),
                            ("statement_9__range", (1, 5)),
                        ),
                        name="usability_ratings_on_the_scale",
                    ),
                ],
            },
        ),
        migrations.RunPython(protect, unprotect),
    ]
