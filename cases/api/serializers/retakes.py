from rest_framework import serializers

from cases.api.serializers.fields import OptionalCode, VisibleObject
from cases.models import RetakeRequest
from cases.permissions import visible_images
from cases.vocabulary import UnableReason


class RetakeIn(serializers.ModelSerializer):
    """Whether the words fit together (“other” needs a comment) is the service's to say."""

    image = VisibleObject(
        visible_images,
        required=False,
        allow_null=True,
        help_text="The one to be replaced. Left out: another image is wanted beside those there are.",
    )

    class Meta:
        model = RetakeRequest
        fields = ["reason", "comment", "image"]


class UnableIn(serializers.Serializer):
    reason = serializers.ChoiceField(UnableReason.choices)
    comment = serializers.CharField(required=False, allow_blank=True, help_text="Needed with “other”.")


class RetakeOut(serializers.ModelSerializer):
    """Open as long as it is neither answered nor cancelled; answered without `unable`: with images."""

    unable = OptionalCode(UnableReason.choices, help_text="Why no other image could be taken.")

    class Meta:
        model = RetakeRequest
        fields = [
            "id", "case", "reason", "comment", "image", "requested_by", "created_at", "answered_at", "answered_by",
            "unable", "answer", "cancelled_at", "cancelled_by",
        ]  # fmt: skip
        read_only_fields = fields
