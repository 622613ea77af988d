from django.conf import settings
from django.db import models
from django.db.models import Q

from cases.models.base import Record, one_of
from cases.models.case import Case
from cases.models.image import LesionImage
from cases.vocabulary import RetakeReason, UnableReason

LONGEST_RETAKE_COMMENT = 1000


def _person(related_name: str, *, null: bool = False) -> models.ForeignKey:
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name=related_name, null=null, blank=null
    )


class RetakeQuerySet(models.QuerySet):
    def of_clinic(self, clinic):
        return self.filter(case__patient__clinic=clinic)

    def open(self):
        return self.filter(answered_at__isnull=True, cancelled_at__isnull=True)


class RetakeRequest(Record):
    """A dermatologist cannot decide on these images and asks for others. Open until it is answered or taken back."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="retakes")
    requested_by = _person("retakes_requested")
    reason = models.CharField(max_length=20, choices=RetakeReason)
    comment = models.TextField(blank=True, default="", max_length=LONGEST_RETAKE_COMMENT)
    # NULL: no image is to be replaced, another one is wanted beside them.
    image = models.ForeignKey(LesionImage, on_delete=models.PROTECT, related_name="retakes", null=True, blank=True)
    created_at = models.DateTimeField()  # the moment at which the case's clock stopped

    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = _person("retakes_answered", null=True)
    # "": answered with images. Otherwise why there can be none, and the case goes on with those it has.
    unable = models.CharField(max_length=20, choices=UnableReason, blank=True, default="")
    answer = models.TextField(blank=True, default="", max_length=LONGEST_RETAKE_COMMENT)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancelled_by = _person("retakes_cancelled", null=True)

    objects = RetakeQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["case"],
                condition=Q(answered_at__isnull=True, cancelled_at__isnull=True),
                name="retake_one_open_per_case",
            ),
            one_of("reason", RetakeReason, name="retake_reason_known"),
            one_of("unable", UnableReason, name="retake_unable_known", blank=True),
            models.CheckConstraint(
                condition=~Q(reason=RetakeReason.OTHER) | ~Q(comment=""), name="retake_other_says_what"
            ),
            models.CheckConstraint(
                condition=~Q(unable=UnableReason.OTHER) | ~Q(answer=""), name="retake_unable_other_says_what"
            ),
            models.CheckConstraint(
                condition=Q(answered_at__isnull=True) | Q(cancelled_at__isnull=True), name="retake_ends_once"
            ),
            models.CheckConstraint(
                condition=Q(answered_at__isnull=True, answered_by__isnull=True, unable="", answer="")
                | Q(answered_at__isnull=False, answered_by__isnull=False),
                name="retake_answered_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(cancelled_at__isnull=True, cancelled_by__isnull=True)
                | Q(cancelled_at__isnull=False, cancelled_by__isnull=False),
                name="retake_cancelled_by_somebody",
            ),
        ]

    @property
    def is_open(self) -> bool:
        return self.answered_at is None and self.cancelled_at is None

    @property
    def ended_at(self):
        return self.answered_at or self.cancelled_at
