from rest_framework import serializers
from rest_framework.reverse import reverse

from cases.models import ExplanationRequest
from cases.states import ExplanationState
from cases.vocabulary import Diagnosis, SurrogateMethod


class ExplanationIn(serializers.Serializer):
    method = serializers.ChoiceField(SurrogateMethod.choices)
    diagnosis = serializers.ChoiceField(Diagnosis.choices)


class ExplanationOut(serializers.ModelSerializer):
    """One diagnosis of one answer, explained from outside by hiding parts of the picture."""

    state = serializers.ChoiceField(ExplanationState.choices, read_only=True)
    progress = serializers.IntegerField(min_value=0, max_value=100, read_only=True, help_text="Percent.")
    r2 = serializers.FloatField(
        allow_null=True, read_only=True, help_text="How much of the network the simple model explains, at most 1."
    )
    weights = serializers.ListField(
        child=serializers.FloatField(),
        allow_null=True,
        read_only=True,
        help_text="What showing each patch adds to the diagnosis, in logits.",
    )
    overlay = serializers.SerializerMethodField(
        help_text="The address of a transparent PNG to lay over the picture: orange speaks for the diagnosis, blue "
        "against it; null until it is done."
    )

    class Meta:
        model = ExplanationRequest
        fields = [
            "id", "analysis", "method", "diagnosis", "state", "progress", "error", "samples", "seed", "r2", "weights",
            "overlay", "requested_by", "created_at", "finished_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_overlay(self, explanation: ExplanationRequest) -> str | None:
        if explanation.state != ExplanationState.DONE:
            return None
        return reverse("api:explanation-overlay", [explanation.pk], request=self.context["request"])
