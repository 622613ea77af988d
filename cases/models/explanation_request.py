from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q

from cases.models.analysis import Analysis
from cases.models.base import Record, one_of
from cases.states import OPEN_EXPLANATION, ExplanationState
from cases.vocabulary import Diagnosis, SurrogateMethod

_LEASED = Q(lease_token__isnull=False, lease_until__isnull=False)
_FREE = Q(lease_token__isnull=True, lease_until__isnull=True)


class ExplanationRequestQuerySet(models.QuerySet):
    def queued(self):
        return self.filter(state=ExplanationState.QUEUED)

    def open(self):
        return self.filter(state__in=OPEN_EXPLANATION)

    def running(self):
        return self.filter(state=ExplanationState.RUNNING)

    def with_expired_lease(self, now):
        return self.running().filter(lease_until__lte=now)

    def to_publish(self, now, seconds: float):
        """Never published, or so long ago without a claim that the message may be lost."""
        silent = Q(published_at__isnull=True) | Q(published_at__lte=now - timedelta(seconds=seconds))
        return self.queued().filter(silent)

    def held_with(self, token):
        return self.running().filter(lease_token=token)


class ExplanationRequest(Record):
    """A slow second opinion on one diagnosis of one answer, made because a reader asked. The row is the job."""

    analysis = models.ForeignKey(Analysis, on_delete=models.PROTECT, related_name="explanation_requests")
    method = models.CharField(max_length=10, choices=SurrogateMethod)
    diagnosis = models.CharField(max_length=10, choices=Diagnosis)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="explanation_requests"
    )

    state = models.CharField(max_length=10, choices=ExplanationState, default=ExplanationState.QUEUED)
    progress = models.PositiveSmallIntegerField(default=0)  # percent
    attempt = models.PositiveSmallIntegerField(default=0)
    # Kept by its progress, which is reported every second or so.
    lease_token = models.UUIDField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    published_at = models.DateTimeField(null=True, blank=True, editable=False)  # NULL: no message was sent yet
    error = models.CharField(max_length=500, blank=True, default="")

    # NULL until it is done.
    samples = models.PositiveIntegerField(null=True, blank=True)
    seed = models.PositiveIntegerField(null=True, blank=True)
    r2 = models.FloatField(null=True, blank=True)  # how much of the network the simple model explains, at most 1
    weights = models.JSONField(null=True, blank=True)  # of each patch, in logits
    overlay = models.BinaryField(null=True, blank=True)  # PNG with transparency, to lie on the stored picture

    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = ExplanationRequestQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["analysis", "method", "diagnosis"], name="explanation_once_per_method_and_diagnosis"
            ),
            one_of("method", SurrogateMethod, name="explanation_method_known"),
            one_of("diagnosis", Diagnosis, name="explanation_diagnosis_known"),
            one_of("state", ExplanationState, name="explanation_state_known"),
            models.CheckConstraint(condition=Q(progress__lte=100), name="explanation_progress_is_a_percentage"),
            models.CheckConstraint(
                condition=(Q(state=ExplanationState.RUNNING) & _LEASED) | (~Q(state=ExplanationState.RUNNING) & _FREE),
                name="explanation_leased_iff_running",
            ),
            models.CheckConstraint(
                condition=~Q(state=ExplanationState.DONE) | Q(overlay__isnull=False, r2__isnull=False),
                name="explanation_done_has_its_picture",
            ),
            models.CheckConstraint(
                condition=~Q(state=ExplanationState.FAILED) | ~Q(error=""), name="explanation_failed_says_why"
            ),
        ]

    @property
    def is_over(self) -> bool:
        return self.state in (ExplanationState.DONE, ExplanationState.FAILED)
