from django.conf import settings
from django.db import models
from django.db.models import Q

from cases.models.base import Record
from cases.models.clinic import Clinic

GENESIS = "0" * 64


class AuditChain(models.Model):
    """The head of a clinic's chain. Writers lock this row, so that the numbers have no gap and no fork."""

    clinic = models.OneToOneField(Clinic, on_delete=models.PROTECT, related_name="audit_chain", primary_key=True)
    seq = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64, default=GENESIS)
    seal = models.CharField(max_length=64)  # keyed, like the hashes: a head set back by hand has none

    def __str__(self) -> str:
        return f"audit chain of {self.clinic_id} at {self.seq}"


class AuditEventQuerySet(models.QuerySet):
    def of_clinic(self, clinic):
        return self.filter(clinic=clinic)

    def between(self, since, until):
        """From `since` (included) to `until` (excluded); None leaves that end open."""
        since_then = Q(at__gte=since) if since else Q()
        before = Q(at__lt=until) if until else Q()
        return self.filter(since_then & before)

    def about(self, object_id):
        return self.filter(object_id=str(object_id))


class AuditEvent(Record):
    """One act. Database triggers refuse to change or delete it; the hash ties it to the one before."""

    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="audit_events")
    seq = models.PositiveBigIntegerField()
    at = models.DateTimeField()
    # NULL: the system itself (a worker, the sweeper).
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="audit_events", null=True, blank=True
    )
    actor_role = models.CharField(max_length=20)
    action = models.CharField(max_length=60)
    object_type = models.CharField(max_length=40)
    object_id = models.CharField(max_length=64)
    purpose = models.CharField(max_length=200, blank=True, default="")
    payload = models.JSONField(default=dict)
    prev_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    objects = AuditEventQuerySet.as_manager()

    class Meta:
        ordering = ["clinic", "seq"]
        constraints = [
            models.UniqueConstraint(fields=["clinic", "seq"], name="audit_seq_once_per_clinic"),
            models.UniqueConstraint(fields=["clinic", "prev_hash"], name="audit_chain_never_forks"),
        ]
        indexes = [
            models.Index(fields=["clinic", "at"], name="audit_by_time"),
            models.Index(fields=["clinic", "object_id"], name="audit_by_object"),
        ]


class AuditReport(Record):
    """A request for the trail of a period, kept so that the same report can be fetched again."""

    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="audit_reports")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="audit_reports")
    since = models.DateTimeField(null=True, blank=True)
    until = models.DateTimeField(null=True, blank=True)
    action = models.CharField(max_length=60, blank=True, default="")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="audit_reports_about",
        null=True,
        blank=True,
    )
    object_id = models.CharField(max_length=64, blank=True, default="")
    first_seq = models.PositiveBigIntegerField(null=True, blank=True)
    last_seq = models.PositiveBigIntegerField()  # events after the request never enter the report
    events = models.PositiveBigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "id"]
