from rest_framework import serializers

from cases.models import Reveal
from cases.services.wrong_patient import LONGEST


class RevealOut(serializers.ModelSerializer):
    """One veiled image, shown to the one who asked for it."""

    class Meta:
        model = Reveal
        fields = ["image", "revealed_at", "until"]
        read_only_fields = fields


class MarkIn(serializers.Serializer):
    recognisable = serializers.BooleanField(help_text="A person could be known by it, as by a face.")
    reason = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=LONGEST, help_text="Needed where it is taken back."
    )
