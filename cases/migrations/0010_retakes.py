"""Requests for other images, images in the stead of others, and a clock that can stand still."""

import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


def fill(apps, schema_editor):
    """Nobody was asked for other images before: whoever was submitted has waited ever since."""
    apps.get_model("cases", "Case").objects.update(waiting_since=models.F("submitted_at"))


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0009_image_bands"),
    ]

    operations = [
        migrations.CreateModel(
            name="RetakeRequest",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("blur", "Out of focus"),
                            ("under_exposed", "Too dark"),
                            ("over_exposed", "Too bright"),
                            ("glare", "Glare on the skin"),
                            ("flat", "Hardly any contrast"),
                            ("too_small", "Too few pixels"),
                            ("cropped", "Too narrow"),
                            ("lesion_off_frame", "Lesion cut off"),
                            ("occluded", "Hair, ruler or ink over it"),
                            ("another_view", "Another view is needed"),
                            ("other", "Other"),
                        ],
                        max_length=20,
                    ),
                ),
                ("comment", models.TextField(blank=True, default="", max_length=1000)),
                ("created_at", models.DateTimeField()),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
                (
                    "unable",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("patient_away", "The patient cannot come"),
                            ("patient_declines", "The patient does not want it"),
                            ("lesion_gone", "The lesion is no longer there"),
                            ("no_better", "A better image is not possible"),
                            ("other", "Other"),
                        ],
                        default="",
                        max_length=20,
                    ),
                ),
                ("answer", models.TextField(blank=True, default="", max_length=1000)),
                ("cancelled_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ["created_at", "id"],
            },
        ),
        migrations.AddField(
            model_name="case",
            name="paused_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="case",
            name="waiting_since",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="lesionimage",
            name="replaces",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="replacements",
                to="cases.lesionimage",
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("paused_at__isnull", False), ("state", "awaiting_images")),
                    models.Q(models.Q(("state", "awaiting_images"), _negated=True), ("paused_at__isnull", True)),
                    _connector="OR",
                ),
                name="case_paused_iff_awaiting_images",
            ),
        ),
        migrations.AddConstraint(
            model_name="lesionimage",
            constraint=models.CheckConstraint(
                condition=models.Q(("replaces", models.F("id")), _negated=True), name="image_replaces_another"
            ),
        ),
        migrations.AddField(
            model_name="retakerequest",
            name="answered_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="retakes_answered",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="retakerequest",
            name="cancelled_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="retakes_cancelled",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="retakerequest",
            name="case",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="retakes", to="cases.case"
            ),
        ),
        migrations.AddField(
            model_name="retakerequest",
            name="image",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="retakes",
                to="cases.lesionimage",
            ),
        ),
        migrations.AddField(
            model_name="retakerequest",
            name="requested_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="retakes_requested",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="retakerequest",
            constraint=models.UniqueConstraint(
                condition=models.Q(("answered_at__isnull", True), ("cancelled_at__isnull", True)),
                fields=("case",),
                name="retake_one_open_per_case",
            ),
        ),
        migrations.AddConstraint(
            model_name="retakerequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "reason__in",
                        [
                            "blur",
                            "under_exposed",
                            "over_exposed",
                            "glare",
                            "flat",
                            "too_small",
                            "cropped",
                            "lesion_off_frame",
                            "occluded",
                            "another_view",
                            "other",
                        ],
                    )
                ),
                name="retake_reason_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="retakerequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("unable__in", ["", "patient_away", "patient_declines", "lesion_gone", "no_better", "other"])
                ),
                name="retake_unable_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="retakerequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("reason", "other"), _negated=True),
                    models.Q(("comment", ""), _negated=True),
                    _connector="OR",
                ),
                name="retake_other_says_what",
            ),
        ),
        migrations.AddConstraint(
            model_name="retakerequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("unable", "other"), _negated=True),
                    models.Q(("answer", ""), _negated=True),
                    _connector="OR",
                ),
                name="retake_unable_other_says_what",
            ),
        ),
        migrations.AddConstraint(
            model_name="retakerequest",
            constraint=models.CheckConstraint(
                condition=models.Q(("answered_at__isnull", True), ("cancelled_at__isnull", True), _connector="OR"),
                name="retake_ends_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="retakerequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("answer", ""), ("answered_at__isnull", True), ("answered_by__isnull", True), ("unable", "")
                    ),
                    models.Q(("answered_at__isnull", False), ("answered_by__isnull", False)),
                    _connector="OR",
                ),
                name="retake_answered_by_somebody",
            ),
        ),
        migrations.AddConstraint(
            model_name="retakerequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("cancelled_at__isnull", True), ("cancelled_by__isnull", True)),
                    models.Q(("cancelled_at__isnull", False), ("cancelled_by__isnull", False)),
                    _connector="OR",
                ),
                name="retake_cancelled_by_somebody",
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
