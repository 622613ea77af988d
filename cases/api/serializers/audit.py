from rest_framework import serializers

from cases.api.serializers.fields import VisibleObject
from cases.models import AuditEvent, AuditReport
from cases.permissions import visible_users
from cases.vocabulary import Action


class AuditEventOut(serializers.ModelSerializer):
    actor_name = serializers.CharField(source="actor.username", allow_null=True, read_only=True)
    payload = serializers.DictField(read_only=True)

    class Meta:
        model = AuditEvent
        fields = [
            "id", "seq", "at", "actor", "actor_name", "actor_role", "action", "object_type", "object_id", "purpose",
            "payload", "prev_hash", "hash",
        ]  # fmt: skip
        read_only_fields = fields


class TrailPart(serializers.Serializer):
    """Which part of the trail: a period, an action, an object, a person. What is left out narrows nothing."""

    since = serializers.DateTimeField(required=False, help_text="Included.")
    until = serializers.DateTimeField(required=False, help_text="Not included.")
    action = serializers.ChoiceField(Action.choices, required=False)
    about = serializers.CharField(max_length=64, required=False, help_text="The id of an object.")
    by = VisibleObject(visible_users, required=False, help_text="The id of a person of the clinic.")


class AuditReportOut(serializers.ModelSerializer):
    about = serializers.CharField(source="object_id", read_only=True)
    by = serializers.UUIDField(source="actor_id", allow_null=True, read_only=True)

    class Meta:
        model = AuditReport
        fields = [
            "id", "requested_by", "since", "until", "action", "about", "by", "first_seq", "last_seq", "events",
            "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class ReportFormat(serializers.Serializer):
    format = serializers.ChoiceField(["csv"], default="csv")
