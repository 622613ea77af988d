from typing import Any

from rest_framework import serializers

from cases.api.serializers.fields import VisibleObject
from cases.models import Consent, Lesion, Patient
from cases.permissions import may, visible_patients

IDENTITY = ("identifier", "given_name", "family_name", "birth_date")


class PatientIn(serializers.ModelSerializer):
    class Meta:
        model = Patient
        fields = [*IDENTITY, "sex", "skin_type", "personal_melanoma", "family_melanoma"]


class PatientOut(serializers.ModelSerializer):
    """Who the pseudonym is stands here only for the roles that may know it; for the others it is null."""

    identifier = serializers.CharField(allow_null=True)
    given_name = serializers.CharField(allow_null=True)
    family_name = serializers.CharField(allow_null=True)

    class Meta:
        model = Patient
        fields = ["id", "pseudonym", *PatientIn.Meta.fields, "created_at"]
        read_only_fields = fields

    def to_representation(self, patient: Patient) -> dict[str, Any]:
        shown = super().to_representation(patient)
        known = may(self.context["request"].user, "view_identity")
        return shown if known else {**shown, **dict.fromkeys(IDENTITY)}


class LesionIn(serializers.ModelSerializer):
    patient = VisibleObject(visible_patients)

    class Meta:
        model = Lesion
        fields = ["patient", "site", "laterality", "body_x", "body_y"]


class LesionOut(serializers.ModelSerializer):
    general_site = serializers.CharField(allow_null=True)

    class Meta:
        model = Lesion
        fields = [
            "id", "patient", "number", "site", "general_site", "laterality", "body_x", "body_y", "status", "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class OfPatient(serializers.Serializer):
    """A list may be narrowed to one patient."""

    patient = VisibleObject(visible_patients, required=False)


class ConsentIn(serializers.ModelSerializer):
    decided_on = serializers.DateField(required=False, help_text="Today where it is left out.")

    class Meta:
        model = Consent
        fields = ["purpose", "answer", "notice", "decided_on"]


class ConsentOut(serializers.ModelSerializer):
    class Meta:
        model = Consent
        fields = ["id", "patient", "purpose", "answer", "notice", "decided_on", "recorded_by", "created_at"]
        read_only_fields = fields


class LikelyIn(serializers.Serializer):
    """What is known of somebody who is to be registered; null and "" are not known."""

    identifier = serializers.CharField(max_length=64, required=False, allow_blank=True, help_text="As a whole.")
    given_name = serializers.CharField(max_length=100, required=False, allow_blank=True)
    family_name = serializers.CharField(max_length=100, required=False, allow_blank=True, help_text="Its beginning.")
    birth_date = serializers.DateField(required=False, allow_null=True)


class LikelyOut(serializers.Serializer):
    id = serializers.UUIDField(source="patient.pk")
    pseudonym = serializers.CharField(source="patient.pseudonym")
    why = serializers.CharField(help_text="What they have in common, in words.")
