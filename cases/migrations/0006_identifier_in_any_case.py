"""An identifier is one patient's in its clinic, however it is typed: "A1" is "a1"."""

from django.db import migrations, models
from django.db.models import Count
from django.db.models.functions import Lower


def refuse_doubles(apps, schema_editor):
    """Which of two entries is the right one is for people to say; so they are named and nothing is changed."""
    patients = apps.get_model("cases", "Patient").objects.annotate(key=Lower("identifier"))
    doubles = patients.order_by().values("clinic", "key").annotate(entries=Count("pk")).filter(entries__gt=1)
    found = [patients.filter(clinic=each["clinic"], key=each["key"]).values_list("pseudonym", flat=True) for each in doubles]
    if found:
        pairs = "; ".join(" and ".join(sorted(names)) for names in found)
        raise ValueError(f"These patients share an identifier but for upper and lower case: {pairs}. Give one another.")


class Migration(migrations.Migration):
    dependencies = [("cases", "0005_shared_counts")]

    operations = [
        migrations.RunPython(refuse_doubles, migrations.RunPython.noop),
        migrations.RemoveConstraint("patient", "patient_identifier_once_per_clinic"),
        migrations.AddConstraint(
            "patient",
            models.UniqueConstraint("clinic", Lower("identifier"), name="patient_identifier_once_per_clinic"),
        ),
    ]
