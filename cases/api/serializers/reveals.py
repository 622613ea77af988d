from rest_framework import serializers

from cases.models import Reveal


class RevealOut(serializers.ModelSerializer):
    """One veiled image, shown to the one who asked for it."""

    class Meta:
        model = Reveal
        fields = ["image", "revealed_at", "until"]
        read_only_fields = fields
