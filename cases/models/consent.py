from django.conf import settings
from django.db import models

from cases.models.base import Record, one_of
from cases.models.patient import Patient
from cases.vocabulary import ConsentAnswer, Purpose


class Consent(Record):
    """One answer of a patient to one purpose. Answers are added, never changed.

    Of a purpose the answer that was decided last counts, however late an older form was entered.
    """

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="consents")
    purpose = models.CharField(max_length=10, choices=Purpose)
    answer = models.CharField(max_length=10, choices=ConsentAnswer)
    notice = models.CharField(max_length=40)  # the revision of the notice that the patient was given
    decided_on = models.DateField()
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="consents_recorded"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-decided_on", "-created_at", "id"]
        constraints = [
            one_of("purpose", Purpose, name="consent_purpose_known"),
            one_of("answer", ConsentAnswer, name="consent_answer_known"),
        ]
        indexes = [models.Index(fields=["patient", "purpose", "-decided_on", "-created_at"], name="consent_by_patient")]
