from django.conf import settings
from django.db import models
from django.db.models import Q

from cases.models.base import Record, one_of
from cases.models.patient import Patient
from cases.vocabulary import FACE_SITES, Laterality, LesionStatus, Site
from inference.vocabulary import GENERAL_SITES


class Lesion(Record):
    """One place on one skin, with an identity that lasts across visits."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="lesions")
    number = models.PositiveSmallIntegerField(editable=False)  # counted per patient: what people say aloud
    site = models.CharField(max_length=20, choices=Site)
    laterality = models.CharField(max_length=10, choices=Laterality, default=Laterality.UNKNOWN)
    # The point on the body map as shares of its width and height; NULL when the site was chosen from the list.
    body_x = models.FloatField(null=True, blank=True)
    body_y = models.FloatField(null=True, blank=True)
    status = models.CharField(max_length=10, choices=LesionStatus, default=LesionStatus.OPEN)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="lesions_created")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["patient", "number"], name="lesion_number_once_per_patient"),
            one_of("site", Site, name="lesion_site_known"),
            one_of("laterality", Laterality, name="lesion_laterality_known"),
            one_of("status", LesionStatus, name="lesion_status_known"),
            models.CheckConstraint(
                condition=Q(body_x__isnull=True, body_y__isnull=True)
                | Q(body_x__gte=0, body_x__lte=1, body_y__gte=0, body_y__lte=1),
                name="lesion_body_point_whole_and_on_the_map",
            ),
        ]

    def __str__(self) -> str:
        return f"L{self.number}"

    @property
    def is_intimate(self) -> bool:
        """Every picture of it is shown to those only who ask for it."""
        return self.site == Site.GENITAL

    @property
    def near_the_face(self) -> bool:
        """A picture of it may show who it is."""
        return self.site in FACE_SITES

    @property
    def general_site(self) -> str | None:
        """ISIC's general site, or None where the word does not settle it."""
        return GENERAL_SITES[self.site]
