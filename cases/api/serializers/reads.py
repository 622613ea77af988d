from rest_framework import serializers

from cases.api.serializers.fields import OptionalCode
from cases.models import Read
from cases.vocabulary import Diagnosis, OverrideReason


class ReadIn(serializers.ModelSerializer):
    """Whether the words fit together (an override needs its reason) is the service's to say."""

    diagnosis = serializers.ChoiceField(
        Diagnosis.choices,
        required=False,
        allow_blank=True,
        help_text="Needed to override. To confirm, one that the network holds possible; left out: its most probable.",
    )

    class Meta:
        model = Read
        fields = ["decision", "diagnosis", "management", "reason", "comment"]


class ReadOut(serializers.ModelSerializer):
    network_diagnosis = OptionalCode(Diagnosis.choices)
    reason = OptionalCode(OverrideReason.choices)

    class Meta:
        model = Read
        fields = [
            "id", "case", "reader", "order", "blinded", "analysis", "decision", "diagnosis", "network_diagnosis",
            "management", "reason", "comment", "created_at", "signed_at",
        ]  # fmt: skip
        read_only_fields = fields
