from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q

from cases.models.base import Record, one_of
from cases.models.image import LesionImage
from cases.models.model_version import ModelVersion
from cases.states import ANALYSIS_MOVES, ENDED_ANALYSIS, OPEN_ANALYSIS, AnalysisState
from cases.vocabulary import AbstainReason


class Step(models.TextChoices):
    """How far an analysis has come, in the order of work."""

    QUEUED = "queued", "Queued"
    QUALITY = "quality", "Quality"
    NETWORK = "network", "Network"
    GRADCAM = "gradcam", "Grad-CAM"
    DONE = "done", "Done"


class AnalysisQuerySet(models.QuerySet):
    def of_clinic(self, clinic):
        return self.filter(image__case__patient__clinic=clinic)

    def current(self):
        return self.exclude(state=AnalysisState.SUPERSEDED)

    def standing(self):
        """Of images that nothing has replaced."""
        return self.filter(image__replacements__isnull=True)

    def open(self):
        return self.filter(state__in=OPEN_ANALYSIS)

    def ended(self):
        return self.filter(state__in=ENDED_ANALYSIS)

    def queued(self):
        return self.filter(state=AnalysisState.QUEUED)

    def running(self):
        return self.filter(state=AnalysisState.RUNNING)

    def with_expired_lease(self, now):
        return self.running().filter(lease_until__lte=now)

    def never_published(self):
        return self.queued().filter(published_at__isnull=True)

    def silent_since(self, now, seconds: float):
        """Published so long ago, without a claim, that the message may be lost."""
        return self.queued().filter(published_at__lte=now - timedelta(seconds=seconds))

    def held_with(self, token):
        """The row, as long as this lease is still the one that counts."""
        return self.running().filter(lease_token=token)

    def awaiting_read(self):
        return self.ended().filter(image__case__state__in=["ready", "in_review"])


class Analysis(Record):
    """One image under one model version. The row is the job: its state, its attempts and its lease."""

    image = models.ForeignKey(LesionImage, on_delete=models.PROTECT, related_name="analyses")
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="analyses")
    metadata = models.JSONField()  # age, sex, localization as they were at submission; null is unknown
    input_hash = models.CharField(max_length=64)

    state = models.CharField(max_length=12, choices=AnalysisState, default=AnalysisState.QUEUED)
    step = models.CharField(max_length=10, choices=Step, default=Step.QUEUED)
    attempt = models.PositiveSmallIntegerField(default=0)  # counted when a worker claims, not when it ends
    lease_token = models.UUIDField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    published_at = models.DateTimeField(null=True, blank=True, editable=False)  # NULL: no message was sent yet

    abstain_reason = models.CharField(max_length=20, choices=AbstainReason, blank=True, default="")
    error = models.CharField(max_length=500, blank=True, default="")
    runtime = models.CharField(max_length=200, blank=True, default="")  # what computed it: engine, precision, threads
    timings = models.JSONField(default=dict)  # milliseconds by stage
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = AnalysisQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "id"]
        verbose_name_plural = "analyses"
        constraints = [
            models.UniqueConstraint(
                fields=["image", "model_version"],
                condition=~Q(state=AnalysisState.SUPERSEDED),
                name="analysis_once_per_image_and_model",
            ),
            one_of("state", AnalysisState, name="analysis_state_known"),
            one_of("step", Step, name="analysis_step_known"),
            one_of("abstain_reason", AbstainReason, name="analysis_abstain_reason_known", blank=True),
            models.CheckConstraint(
                condition=(Q(state=AnalysisState.RUNNING) & Q(lease_token__isnull=False, lease_until__isnull=False))
                | (~Q(state=AnalysisState.RUNNING) & Q(lease_token__isnull=True, lease_until__isnull=True)),
                name="analysis_leased_iff_running",
            ),
            models.CheckConstraint(
                condition=~Q(state=AnalysisState.ABSTAINED) | ~Q(abstain_reason=""),
                name="analysis_abstained_says_why",
            ),
            models.CheckConstraint(
                condition=~Q(state=AnalysisState.FAILED) | ~Q(error=""), name="analysis_failed_says_why"
            ),
        ]
        indexes = [
            models.Index(fields=["state", "published_at"], name="analysis_by_publication"),
            models.Index(fields=["state", "lease_until"], name="analysis_by_lease"),
            models.Index(fields=["finished_at"], name="analysis_by_end"),
        ]

    @property
    def case(self):
        return self.image.case

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED_ANALYSIS

    @property
    def answer(self):
        """The prediction, or None: what an abstention computed is kept, but it is no answer."""
        return None if self.abstain_reason else getattr(self, "prediction", None)

    @property
    def is_retryable(self) -> bool:
        return self.state == AnalysisState.FAILED

    @property
    def attempts_left(self) -> int:
        return max(settings.ANALYSIS_MAX_ATTEMPTS - self.attempt, 0)

    def check_move(self, state: AnalysisState) -> None:
        ANALYSIS_MOVES.check(self.state, state)
