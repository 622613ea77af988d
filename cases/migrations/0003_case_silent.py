"""Remember on the case that a lesion got no answer, so that no other threshold takes its flag away."""

from django.db import migrations, models
from django.db.models import Exists, OuterRef, Q


def fill(apps, schema_editor):
    """The rule of the assessment, for the cases that were assessed before."""
    Analysis, Case = apps.get_model("cases", "Analysis"), apps.get_model("cases", "Case")
    current = Analysis.objects.exclude(state="superseded")
    answered = current.filter(state="succeeded", image__case=OuterRef("image__case"))
    same_lesion = answered.filter(image__lesion=OuterRef("image__lesion"))
    unanswered = current.exclude(state="succeeded").filter(~Q(abstain_reason="modality") | ~Exists(same_lesion))
    silent = Q(pk__in=unanswered.values("image__case")) | Q(malignancy__isnull=True)
    Case.objects.exclude(submitted_at=None).filter(silent).update(silent=True)


class Migration(migrations.Migration):
    dependencies = [("cases", "0002_audit_triggers")]

    operations = [
        migrations.AddField("case", "silent", models.BooleanField(default=False)),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
