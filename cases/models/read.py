from django.conf import settings
from django.db import models
from django.db.models import Q

from cases.models.analysis import Analysis
from cases.models.base import Record, one_of
from cases.models.case import Case
from cases.vocabulary import Decision, Diagnosis, Management, OverrideReason


class ReadQuerySet(models.QuerySet):
    def signed(self):
        return self.filter(signed_at__isnull=False)

    def of_clinic(self, clinic):
        return self.filter(case__patient__clinic=clinic)


class Read(Record):
    """A dermatologist's word on a case. Signed, it decides the case; it never alters the network's word."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="reads")
    reader = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="reads")
    order = models.PositiveSmallIntegerField()
    blinded = models.BooleanField(default=False)
    # NULL: there was no result to confirm or override.
    analysis = models.ForeignKey(Analysis, on_delete=models.PROTECT, related_name="reads", null=True, blank=True)
    decision = models.CharField(max_length=10, choices=Decision)
    diagnosis = models.CharField(max_length=10, choices=Diagnosis)
    network_diagnosis = models.CharField(max_length=10, choices=Diagnosis, blank=True, default="")
    management = models.CharField(max_length=20, choices=Management)
    reason = models.CharField(max_length=30, choices=OverrideReason, blank=True, default="")
    comment = models.TextField(blank=True, default="", max_length=4000)
    created_at = models.DateTimeField(auto_now_add=True)
    signed_at = models.DateTimeField(null=True, blank=True)

    objects = ReadQuerySet.as_manager()

    class Meta:
        ordering = ["case", "order"]
        constraints = [
            models.UniqueConstraint(fields=["case", "order"], name="read_order_once_per_case"),
            one_of("decision", Decision, name="read_decision_known"),
            one_of("diagnosis", Diagnosis, name="read_diagnosis_known"),
            one_of("management", Management, name="read_management_known"),
            one_of("reason", OverrideReason, name="read_reason_known", blank=True),
            models.CheckConstraint(
                condition=(Q(decision=Decision.OVERRIDE) & ~Q(reason="")) | Q(decision=Decision.CONFIRM, reason=""),
                name="read_override_says_why",
            ),
            models.CheckConstraint(
                condition=Q(decision=Decision.OVERRIDE) | Q(analysis__isnull=False),
                name="read_confirms_something",
            ),
        ]
