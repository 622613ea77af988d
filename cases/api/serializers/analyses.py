from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from cases.api.serializers.fields import OptionalCode
from cases.models import Analysis, ModelVersion, QualityCheck
from cases.selectors.scales import descriptors_of
from cases.vocabulary import AbstainReason, Diagnosis, Tier

_PROBABILITY = {"min_value": 0, "max_value": 1}
_SHARE = serializers.FloatField(allow_null=True, **_PROBABILITY)


class Probabilities(serializers.Serializer):
    """Calibrated; the seven sum to 1."""

    akiec, bcc, bkl, df, mel, nv, vasc = (serializers.FloatField(**_PROBABILITY) for _ in range(7))


class ModelReference(serializers.ModelSerializer):
    """Which network said it, to the byte."""

    class Meta:
        model = ModelVersion
        fields = ["id", "name", "version", "sha256"]
        read_only_fields = fields


class QualityOut(serializers.ModelSerializer):
    reasons = serializers.ListField(child=serializers.CharField())
    hints = serializers.ListField(
        child=serializers.CharField(), help_text="What may be wrong with it and is no reason to reject it, such as dim."
    )
    metrics = serializers.DictField()

    class Meta:
        model = QualityCheck
        fields = ["verdict", "reasons", "hints", "metrics", "accepted_at"]
        extra_kwargs = {"accepted_at": {"help_text": "Since when it is used although it was rejected; null otherwise."}}
        read_only_fields = fields


class AnalysisOut(serializers.ModelSerializer):
    """An abstention or a failure is no answer: whatever the network would have said is then null."""

    case = serializers.UUIDField(source="image.case_id", read_only=True)
    model_version = ModelReference(read_only=True)
    probabilities = Probabilities(source="answer.probabilities", allow_null=True, read_only=True)
    diagnosis = OptionalCode(Diagnosis.choices, source="answer.diagnosis", help_text="The most probable.")
    malignancy = serializers.FloatField(
        source="answer.malignancy", allow_null=True, read_only=True, help_text="mel + bcc + akiec", **_PROBABILITY
    )
    prediction_set = serializers.ListField(
        source="answer.prediction_set",
        child=serializers.ChoiceField(Diagnosis.choices),
        allow_null=True,
        read_only=True,
        help_text="The diagnoses that stay possible, the most severe first.",
    )
    tier = OptionalCode(Tier.choices, source="answer.tier")
    abstain_reason = OptionalCode(AbstainReason.choices)
    heatmaps = serializers.SerializerMethodField(help_text="Grad-CAM for each diagnosis, as the address of a PNG.")
    heat_inside_lesion = serializers.SerializerMethodField(
        help_text="The share of the heat of the most probable diagnosis that lies inside the lesion."
    )
    heat_on_border = serializers.SerializerMethodField(
        help_text="The share of the same heat at the rim of the picture."
    )
    heat_on_artefacts = serializers.SerializerMethodField(
        help_text="The share of the same heat on hair, ruler and ink; null where that was not measured."
    )
    descriptors = serializers.SerializerMethodField(
        help_text="Of the lesion's outline and colours. diameter_px is in pixels of the stored picture; diameter_mm "
        "follows the image's pixel_spacing and is null where that is not known. Where touches_edge is true, the "
        "outline is cut off and the lesion may be longer; results from before it was kept have none."
    )
    scope = serializers.DictField(
        source="prediction.scope",
        allow_null=True,
        read_only=True,
        help_text="How near the picture is to what the network knows; null where its bundle cannot say.",
    )
    attributions = serializers.DictField(
        source="answer.attributions",
        allow_null=True,
        read_only=True,
        help_text="What image and metadata added to each diagnosis, in logits.",
    )
    shapley = serializers.DictField(
        source="answer.shapley",
        allow_null=True,
        read_only=True,
        help_text="For each diagnosis and for malignancy (in log-odds, from start): the exact Shapley value of image, "
        "age, sex and site. Empty for results from before these were kept.",
    )
    quality = QualityOut(source="image.quality_check", allow_null=True, read_only=True)
    metadata = serializers.DictField(help_text="What the network was told beside the picture; null is unknown.")
    timings = serializers.DictField(child=serializers.FloatField(), help_text="Milliseconds by stage.")

    class Meta:
        model = Analysis
        fields = [
            "id", "case", "image", "state", "step", "attempt", "probabilities", "diagnosis", "malignancy",
            "prediction_set", "tier", "abstain_reason", "error", "model_version", "heatmaps", "heat_inside_lesion",
            "heat_on_border", "heat_on_artefacts", "attributions", "shapley", "descriptors", "scope", "quality",
            "metadata", "input_hash", "runtime", "timings", "created_at", "started_at", "finished_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_heatmaps(self, analysis: Analysis) -> dict[str, str]:
        codes = sorted(Diagnosis.values) if analysis.answer else []
        return {code: reverse("api:heatmap", [analysis.pk, code], request=self.context["request"]) for code in codes}

    @extend_schema_field(_SHARE)
    def get_heat_inside_lesion(self, analysis: Analysis) -> float | None:
        return self._explained(analysis, "heat_inside_lesion")

    @extend_schema_field(_SHARE)
    def get_heat_on_border(self, analysis: Analysis) -> float | None:
        return self._explained(analysis, "heat_on_border")

    @extend_schema_field(_SHARE)
    def get_heat_on_artefacts(self, analysis: Analysis) -> float | None:
        return self._explained(analysis, "heat_on_artefacts")

    @extend_schema_field(serializers.DictField(allow_null=True))
    def get_descriptors(self, analysis: Analysis) -> dict[str, Any] | None:
        return descriptors_of(getattr(analysis, "explanation", None), analysis.image) if analysis.answer else None

    def _explained(self, analysis: Analysis, field: str) -> Any:
        """Null where there is no answer to explain."""
        explanation = getattr(analysis, "explanation", None)
        return getattr(explanation, field) if analysis.answer and explanation else None
