from rest_framework import serializers
from rest_framework.reverse import reverse

from cases.api.serializers.analyses import AnalysisOut, QualityOut
from cases.api.serializers.fields import OptionalCode, Recognisable, VisibleObject
from cases.api.serializers.reads import ReadOut
from cases.api.serializers.retakes import RetakeOut
from cases.models import Case, LesionImage
from cases.models.case import SYMPTOMS
from cases.permissions import visible_images, visible_lesions, visible_patients
from cases.states import CaseState
from cases.vocabulary import DermoscopicType, ImageManipulation, Tier, Veil

IMAGE_MANIPULATION = "What was done to it beyond cleaning: altered, or synthetic (generated); shown wherever it is."
PIXEL_SPACING = "Millimetres per pixel of the stored picture, as DICOM's Pixel Spacing; null where it is not known."


class CaseIn(serializers.ModelSerializer):
    patient = VisibleObject(visible_patients)

    class Meta:
        model = Case
        fields = ["patient", "reason", "size_mm", *SYMPTOMS]


class CaseFilter(serializers.Serializer):
    state = serializers.ChoiceField(CaseState.choices, required=False)
    patient = VisibleObject(visible_patients, required=False)


class CaseSummary(serializers.ModelSerializer):
    pseudonym = serializers.CharField(source="patient.pseudonym", read_only=True)
    tier = OptionalCode(Tier.choices)

    class Meta:
        model = Case
        fields = [
            "id", "patient", "pseudonym", "reason", "size_mm", *SYMPTOMS, "state", "tier", "malignancy", "flagged",
            "flag_threshold", "claimed_by", "claimed_at", "claim_until", "created_at", "submitted_at", "waiting_since",
            "paused_at", "ready_at", "decided_at",
        ]  # fmt: skip
        read_only_fields = fields


class ImageIn(serializers.ModelSerializer):
    file = serializers.FileField(allow_empty_file=True, help_text="JPEG, PNG or WebP; at most 20 MB and 50 megapixels.")
    lesion = VisibleObject(visible_lesions)
    recognisable = Recognisable()
    replaces = VisibleObject(
        visible_images, required=False, allow_null=True, help_text="The image in whose stead it was taken."
    )

    class Meta:
        model = LesionImage
        fields = [
            "file", "lesion", "image_type", "dermoscopic_type", "recognisable", "image_manipulation", "captured_at",
            "pixel_spacing", "replaces", "override_reason",
        ]  # fmt: skip
        extra_kwargs = {
            "override_reason": {"help_text": "Why it is filed although another patient has this picture."},
            "image_manipulation": {"help_text": IMAGE_MANIPULATION},
            "pixel_spacing": {"help_text": PIXEL_SPACING},
        }


class ImageOut(serializers.ModelSerializer):
    dermoscopic_type = OptionalCode(DermoscopicType.choices)
    image_manipulation = OptionalCode(
        ImageManipulation.choices, help_text="What was done to it: generated, or altered; null for a photograph."
    )
    url = serializers.SerializerMethodField(help_text="The stored picture: upright, without any embedded metadata.")
    quality = QualityOut(source="quality_check", allow_null=True, read_only=True)
    veil = serializers.ListField(
        child=serializers.ChoiceField(Veil.choices),
        read_only=True,
        help_text="Why its file is not sent until it is revealed; empty for most images.",
    )

    class Meta:
        model = LesionImage
        fields = [
            "id", "case", "lesion", "image_type", "dermoscopic_type", "recognisable", "image_manipulation",
            "captured_at", "pixel_spacing", "replaces", "uploaded_at", "media_type", "width", "height", "byte_size",
            "sha256", "stored_sha256", "override_reason", "url", "quality", "veil",
        ]  # fmt: skip
        extra_kwargs = {"pixel_spacing": {"help_text": PIXEL_SPACING}}
        read_only_fields = fields

    def get_url(self, image: LesionImage) -> str:
        return reverse("api:image-file", [image.pk], request=self.context["request"])


class CaseOut(CaseSummary):
    """A case with everything that is known of it."""

    legal_moves = serializers.ListField(
        child=serializers.ChoiceField(CaseState.choices), read_only=True, help_text="The states that may follow."
    )
    images = ImageOut(many=True, read_only=True)
    analyses = AnalysisOut(many=True, read_only=True)
    reads = ReadOut(many=True, read_only=True)
    retake = RetakeOut(
        source="open_retake", allow_null=True, read_only=True, help_text="What other images are asked for just now."
    )
    retakes = RetakeOut(many=True, read_only=True, help_text="All that was ever asked for, oldest first.")

    class Meta(CaseSummary.Meta):
        fields = [*CaseSummary.Meta.fields, "legal_moves", "images", "analyses", "reads", "retake", "retakes"]
        read_only_fields = fields
