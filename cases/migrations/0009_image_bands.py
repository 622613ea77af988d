"""The perceptual hash in four bands, so that a look-alike is found by an index; filled by the database itself."""

from django.db import migrations, models
from django.db.models.functions import Substr


def band(number):
    return models.GeneratedField(
        db_persist=True, expression=Substr("phash", 4 * number - 3, 4), output_field=models.CharField(max_length=4)
    )


class Migration(migrations.Migration):
    dependencies = [("cases", "0008_explanations")]

    operations = [
        migrations.AddField(
            "lesionimage", "override_reason", models.CharField(blank=True, default="", max_length=200)
        ),
        *(migrations.AddField("lesionimage", f"phash_band_{number}", band(number)) for number in range(1, 5)),
        migrations.AddIndex("lesionimage", models.Index(fields=["sha256"], name="image_by_bytes")),
        *(
            migrations.AddIndex(
                "lesionimage", models.Index(fields=[f"phash_band_{number}"], name=f"image_by_phash_band_{number}")
            )
            for number in range(1, 5)
        ),
    ]
