from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Substr

from cases.models.base import Record, one_of
from cases.models.case import Case
from cases.models.lesion import Lesion
from cases.storage import private_storage
from cases.vocabulary import DermoscopicType, ImageManipulation, ImageType, Veil, Verdict

# Millimetres per pixel, DICOM's Pixel Spacing: 20 mm under a dermatoscope across 6,000 pixels are .003, a whole back
# across 2,000 is .3. Beyond these two nobody photographs skin.
LEAST_SPACING, MOST_SPACING = Decimal("0.0005"), Decimal(2)
BANDS = ("phash_band_1", "phash_band_2", "phash_band_3", "phash_band_4")


def _band(number: int) -> models.GeneratedField:
    """Sixteen bits of the perceptual hash: two hashes that differ in at most three bits share a band."""
    digits = Substr("phash", 4 * number - 3, 4)
    return models.GeneratedField(expression=digits, output_field=models.CharField(max_length=4), db_persist=True)


def pixel_spacing_field() -> models.DecimalField:
    """Of the stored picture, along both sides; NULL: nobody knows."""
    return models.DecimalField(max_digits=7, decimal_places=6, null=True, blank=True)


def image_manipulation_field() -> models.CharField:
    return models.CharField(max_length=20, choices=ImageManipulation, blank=True, default="", db_default="")


class LesionImageQuerySet(models.QuerySet):
    def standing(self):
        """Those that nothing has replaced: what the case is judged by."""
        return self.filter(replacements__isnull=True)


class LesionImage(Record):
    """A picture that was decoded, cleaned of everything but its pixels, and stored under a random name."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="images")
    lesion = models.ForeignKey(Lesion, on_delete=models.PROTECT, related_name="images")
    image_type = models.CharField(max_length=20, choices=ImageType)
    dermoscopic_type = models.CharField(max_length=25, choices=DermoscopicType, blank=True, default="")
    # A person could be known by it, as by a face: it is shown only to whoever asks to see it.
    recognisable = models.BooleanField(default=False)
    # "": a photograph as it was taken. A generated one shows nobody, and says so wherever it is shown.
    image_manipulation = image_manipulation_field()
    captured_at = models.DateTimeField(null=True, blank=True)
    # The newest of its `scales`: what was said of another image never holds for this one.
    pixel_spacing = pixel_spacing_field()
    # The image that this one was taken for in its stead. That one stays for ever, but no longer counts.
    replaces = models.ForeignKey("self", on_delete=models.PROTECT, related_name="replacements", null=True, blank=True)

    file = models.FileField(storage=private_storage, max_length=120)
    thumbnail = models.FileField(storage=private_storage, max_length=120)
    media_type = models.CharField(max_length=20)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    byte_size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)  # of the bytes as they arrived: the same file is known again
    stored_sha256 = models.CharField(max_length=64)  # of the bytes as they are kept: what was analysed
    phash = models.CharField(max_length=16)
    phash_band_1, phash_band_2, phash_band_3, phash_band_4 = (_band(number) for number in (1, 2, 3, 4))
    # Why it was filed although another patient has it too; "" where nobody else does.
    override_reason = models.CharField(max_length=200, blank=True, default="")

    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="images_uploaded")
    uploaded_at = models.DateTimeField(auto_now_add=True)

    objects = LesionImageQuerySet.as_manager()

    # Until when the person at hand sees it; `selectors.veils` says so, and without its word the veil stays.
    shown_until = None

    class Meta:
        ordering = ["uploaded_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["case", "sha256"], name="image_bytes_once_per_case"),
            one_of("image_type", ImageType, name="image_type_known"),
            one_of("dermoscopic_type", DermoscopicType, name="image_dermoscopic_type_known", blank=True),
            one_of("image_manipulation", ImageManipulation, name="image_manipulation_known", blank=True),
            models.CheckConstraint(
                condition=Q(image_type=ImageType.DERMOSCOPIC) | Q(dermoscopic_type=""),
                name="image_dermoscopic_type_only_when_dermoscopic",
            ),
            models.CheckConstraint(condition=~Q(replaces=F("id")), name="image_replaces_another"),
            models.CheckConstraint(
                condition=Q(pixel_spacing__isnull=True) | Q(pixel_spacing__range=(LEAST_SPACING, MOST_SPACING)),
                name="image_pixel_spacing_possible",
            ),
        ]
        indexes = [
            models.Index(fields=["sha256"], name="image_by_bytes"),
            *(models.Index(fields=[band], name=f"image_by_{band}") for band in BANDS),
        ]

    @property
    def veil(self) -> list[Veil]:
        """Why it is shown to those only who ask for it; empty for most images."""
        reasons = ((Veil.GENITAL, self.lesion.is_intimate), (Veil.RECOGNISABLE, self.recognisable))
        return [veil for veil, holds in reasons if holds]

    @property
    def is_veiled(self) -> bool:
        return bool(self.veil) and self.shown_until is None

    @property
    def current_analysis(self):
        """The newest analysis that nothing has replaced, or None. Reads a prefetched list without a query."""
        current = [analysis for analysis in self.analyses.all() if analysis.state != "superseded"]
        return max(current, key=lambda analysis: analysis.created_at, default=None)


class QualityCheck(Record):
    """What was measured on a picture, and whether it is good enough to be analysed."""

    image = models.OneToOneField(LesionImage, on_delete=models.PROTECT, related_name="quality_check")
    verdict = models.CharField(max_length=10, choices=Verdict)
    metrics = models.JSONField(default=dict)
    reasons = models.JSONField(default=list)
    hints = models.JSONField(default=list, db_default=[])  # what may be wrong, and was no reason to reject
    checked_at = models.DateTimeField(auto_now_add=True)
    # Who uses it all the same, and since when; NULL where nobody was asked, or has not answered.
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="images_accepted", null=True, blank=True
    )
    accepted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            one_of("verdict", Verdict, name="quality_verdict_known"),
            models.CheckConstraint(
                condition=Q(accepted_at__isnull=True, accepted_by__isnull=True)
                | Q(accepted_at__isnull=False, accepted_by__isnull=False),
                name="quality_accepted_by_somebody",
            ),
        ]
