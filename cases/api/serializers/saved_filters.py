from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from cases.models import SavedFilter
from cases.models.saved_filter import LONGEST_NAME
from cases.selectors.saved_filters import CRITERIA, count_of, problems_of

_CRITERIA_HELP = f"Any of {', '.join(CRITERIA)}; `view` left out: flagged."


class SavedFilterIn(serializers.Serializer):
    """Which codes a criterion may hold is the service's to say."""

    name = serializers.CharField(max_length=LONGEST_NAME)
    criteria = serializers.DictField(help_text=_CRITERIA_HELP)
    is_default = serializers.BooleanField(required=False, help_text="The queue opens with it, and with no other.")


class SavedFilterChange(SavedFilterIn):
    """What is left out stays."""

    name = serializers.CharField(max_length=LONGEST_NAME, required=False)
    criteria = serializers.DictField(required=False, help_text=_CRITERIA_HELP)


class SavedFilterOut(serializers.ModelSerializer):
    """One of this person's filters, with how many cases match it just now."""

    criteria = serializers.DictField()
    count = serializers.SerializerMethodField(help_text="Null: the filter cannot be used any more.")
    problems = serializers.SerializerMethodField(help_text="Why it cannot be used any more, by field.")

    class Meta:
        model = SavedFilter
        fields = ["id", "name", "criteria", "is_default", "count", "problems", "created_at"]
        read_only_fields = fields

    @extend_schema_field(serializers.IntegerField(allow_null=True))
    def get_count(self, saved: SavedFilter) -> int | None:
        return count_of(self.context["request"].user, saved)

    @extend_schema_field(serializers.DictField(child=serializers.CharField()))
    def get_problems(self, saved: SavedFilter) -> dict[str, str]:
        return problems_of(saved.criteria)
