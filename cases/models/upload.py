from pathlib import PurePosixPath

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from cases.models.base import Record, one_of
from cases.models.case import Case
from cases.models.image import LesionImage, image_manipulation_field, pixel_spacing_field
from cases.models.lesion import Lesion
from cases.vocabulary import DermoscopicType, ImageManipulation, ImageType

# What is known of the image before it is there; each is a field of the image too.
DETAILS = (
    "image_type", "dermoscopic_type", "recognisable", "image_manipulation", "captured_at", "replaces", "pixel_spacing",
)  # fmt: skip


class UploadQuerySet(models.QuerySet):
    def open(self):
        return self.filter(completed_at__isnull=True)

    def expired(self, now):
        return self.filter(expires_at__lte=now)


class Upload(Record):
    """A file on its way into a draft, in parts. What arrived lies in a private file until it is whole, or too old."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="uploads")
    lesion = models.ForeignKey(Lesion, on_delete=models.PROTECT, related_name="uploads")
    image_type = models.CharField(max_length=20, choices=ImageType)
    dermoscopic_type = models.CharField(max_length=25, choices=DermoscopicType, blank=True, default="")
    recognisable = models.BooleanField(default=False)
    image_manipulation = image_manipulation_field()
    captured_at = models.DateTimeField(null=True, blank=True)
    replaces = models.ForeignKey(LesionImage, on_delete=models.PROTECT, related_name="uploads", null=True, blank=True)
    pixel_spacing = pixel_spacing_field()
    override_reason = models.CharField(max_length=200, blank=True, default="")

    byte_size = models.PositiveIntegerField()  # of the whole file, as announced
    sha256 = models.CharField(max_length=64)  # of the whole file, as announced: what arrives is held to it
    offset = models.PositiveIntegerField(default=0)  # so many bytes are there; the next part begins here
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="uploads_created")
    created_at = models.DateTimeField(auto_now_add=True)
    last_part_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField()
    # Kept for a while afterwards: whoever did not hear of the end may ask for it again.
    completed_at = models.DateTimeField(null=True, blank=True)

    objects = UploadQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["case", "sha256"], condition=Q(completed_at__isnull=True), name="upload_once_per_case"
            ),
            one_of("image_type", ImageType, name="upload_image_type_known"),
            one_of("dermoscopic_type", DermoscopicType, name="upload_dermoscopic_type_known", blank=True),
            one_of("image_manipulation", ImageManipulation, name="upload_image_manipulation_known", blank=True),
            models.CheckConstraint(condition=Q(byte_size__gt=0), name="upload_not_empty"),
            models.CheckConstraint(condition=Q(offset__lte=F("byte_size")), name="upload_offset_within_the_file"),
            models.CheckConstraint(
                condition=Q(completed_at__isnull=True) | Q(offset=F("byte_size")),
                name="upload_complete_only_when_whole",
            ),
        ]
        indexes = [models.Index(fields=["expires_at"], name="upload_by_expiry")]

    @property
    def part_name(self) -> str:
        """Where in the private storage its bytes lie."""
        return str(PurePosixPath("uploads") / self.pk.hex)

    @property
    def details(self) -> dict[str, object]:
        return {field: getattr(self, field) for field in DETAILS}

    @property
    def percent(self) -> int:
        """Rounded down: 100 is said only of a file that is whole."""
        return 100 * self.offset // self.byte_size
