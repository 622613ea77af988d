from rest_framework import serializers

from cases.api.serializers.cases import IMAGE_MANIPULATION
from cases.api.serializers.fields import OptionalCode, Recognisable, VisibleObject
from cases.models import Upload
from cases.permissions import visible_images, visible_lesions
from cases.vocabulary import DermoscopicType, ImageManipulation


class UploadIn(serializers.ModelSerializer):
    lesion = VisibleObject(visible_lesions)
    recognisable = Recognisable()
    replaces = VisibleObject(
        visible_images, required=False, allow_null=True, help_text="The image in whose stead it was taken."
    )
    byte_size = serializers.IntegerField(min_value=1, help_text="Of the whole file; at most 20 MB.")
    sha256 = serializers.CharField(min_length=64, max_length=64, help_text="Of the whole file, in hexadecimal digits.")

    class Meta:
        model = Upload
        fields = [
            "lesion", "image_type", "dermoscopic_type", "recognisable", "image_manipulation", "captured_at",
            "pixel_spacing", "replaces", "override_reason", "byte_size", "sha256",
        ]  # fmt: skip
        extra_kwargs = {
            "override_reason": {"help_text": "Why it is filed although another patient has this picture."},
            "image_manipulation": {"help_text": IMAGE_MANIPULATION},
        }
        validators = ()  # that a file is one upload of its case is the service's to see to, not a refusal


class UploadOut(serializers.ModelSerializer):
    dermoscopic_type = OptionalCode(DermoscopicType.choices)
    image_manipulation = OptionalCode(ImageManipulation.choices)
    offset = serializers.IntegerField(help_text="So many bytes are there; the next part begins here.", min_value=0)
    expires_at = serializers.DateTimeField(help_text="Until then it can be gone on with.")
    completed_at = serializers.DateTimeField(allow_null=True, help_text="Null as long as the file is on its way.")

    class Meta:
        model = Upload
        fields = [
            "id", "case", "lesion", "image_type", "dermoscopic_type", "recognisable", "image_manipulation",
            "captured_at", "pixel_spacing", "replaces", "byte_size", "sha256", "offset", "created_at", "expires_at",
            "completed_at",
        ]  # fmt: skip
        read_only_fields = fields


class CompletionIn(serializers.Serializer):
    instead_of = serializers.UUIDField(
        required=False, allow_null=True, default=None,
        help_text="An image of the same lesion in the draft that was taken again: it is removed as this one arrives.",
    )  # fmt: skip
    override_reason = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=200,
        help_text="Why it is filed although another patient has a picture that looks the same.",
    )  # fmt: skip
