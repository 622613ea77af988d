from django.conf import settings
from django.db import models
from django.db.models import F, Q

from cases.models.base import Record
from cases.models.image import LesionImage


class RevealQuerySet(models.QuerySet):
    def of_clinic(self, clinic):
        return self.filter(image__case__patient__clinic=clinic)

    def open(self, now):
        return self.filter(until__gt=now)


class Reveal(Record):
    """One person asked by one sign-in to see a veiled image and sees it until then. The row stays."""

    image = models.ForeignKey(LesionImage, on_delete=models.PROTECT, related_name="reveals")
    viewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="reveals")
    way_in = models.CharField(max_length=32, blank=True)  # the sign-in by which they asked, and see it
    revealed_at = models.DateTimeField()
    until = models.DateTimeField()

    objects = RevealQuerySet.as_manager()

    class Meta:
        ordering = ["-revealed_at", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(until__gte=F("revealed_at")), name="reveal_ends_after_it_began")
        ]
        indexes = [models.Index(fields=["viewer", "until"], name="reveal_by_viewer")]
