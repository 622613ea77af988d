"""Places follow from their cases by triggers; to check that each has its case took longer than to make all of them."""

import django.db.models.deletion
from django.db import migrations, models


def reference(to, related_name):
    return models.ForeignKey(
        db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name=related_name, to=to
    )


class Migration(migrations.Migration):
    dependencies = [("cases", "0024_clinic_of_a_case")]

    operations = [
        migrations.AlterField("queueplace", "case", reference("cases.case", "places")),
        migrations.AlterField("queueplace", "clinic", reference("cases.clinic", "queue_places")),
    ]
