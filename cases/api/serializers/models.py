from rest_framework import serializers

from cases.models import ModelVersion


class ModelVersionOut(serializers.ModelSerializer):
    thresholds = serializers.DictField(read_only=True, help_text="Each with the sensitivity it stands for.")

    class Meta:
        model = ModelVersion
        fields = [
            "id", "name", "version", "sha256", "stage", "thresholds", "registered_at", "activated_at", "retired_at",
        ]  # fmt: skip
        read_only_fields = fields
