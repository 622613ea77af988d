from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from cases.models.base import Record, one_of
from cases.models.image import LesionImage, pixel_spacing_field
from cases.vocabulary import ScaleBasis


class ImageScale(Record):
    """One time that somebody said how large a pixel of an image is, or that nobody knows.

    Rows are added, never changed. The newest is the one that holds; the image carries its spacing.
    """

    image = models.ForeignKey(LesionImage, on_delete=models.PROTECT, related_name="scales")
    basis = models.CharField(max_length=10, choices=ScaleBasis)
    pixel_spacing = pixel_spacing_field()
    # Of the line that was drawn over a length that is known.
    length_mm = models.DecimalField(max_digits=7, decimal_places=2, null=True, blank=True)
    length_px = models.DecimalField(max_digits=7, decimal_places=1, null=True, blank=True)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="scales_set")
    created_at = models.DateTimeField(default=timezone.now, editable=False)  # later than of any row before

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            one_of("basis", ScaleBasis, name="scale_basis_known"),
            models.CheckConstraint(
                condition=Q(basis=ScaleBasis.UNKNOWN, pixel_spacing__isnull=True)
                | (~Q(basis=ScaleBasis.UNKNOWN) & Q(pixel_spacing__isnull=False)),
                name="scale_has_a_spacing_unless_unknown",
            ),
            models.CheckConstraint(
                condition=Q(basis=ScaleBasis.RULER, length_mm__isnull=False, length_px__isnull=False)
                | (~Q(basis=ScaleBasis.RULER) & Q(length_mm__isnull=True, length_px__isnull=True)),
                name="scale_has_a_line_iff_by_ruler",
            ),
        ]
        indexes = [
            models.Index(fields=["image", "-created_at"], name="scale_by_image"),
            models.Index(fields=["-created_at"], name="scale_newest"),
        ]
