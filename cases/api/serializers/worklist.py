from rest_framework import serializers

from cases.api.serializers.fields import OptionalCode, VisibleObject
from cases.permissions import visible_saved_filters
from cases.states import WAITING_CASE, CaseState
from cases.vocabulary import Site, Tier

UNASSESSED = "unassessed"


class WorklistQuery(serializers.Serializer):
    saved = VisibleObject(
        visible_saved_filters, required=False, help_text="One of your own filters, instead of the other fields."
    )
    tier = serializers.ChoiceField(
        [*Tier.choices, (UNASSESSED, "Not assessed")],
        required=False,
        help_text="unassessed: the network gave no answer.",
    )
    min_malignancy = serializers.FloatField(min_value=0, max_value=1, required=False)
    site = serializers.ChoiceField(Site.choices, required=False)
    state = serializers.ChoiceField(
        [(state.value, state.label) for state in (*WAITING_CASE, CaseState.AWAITING_IMAGES)],
        required=False,
        help_text="Left out: ready and in_review. No other case stands in the queue: see /cases/.",
    )


class WorklistRowOut(serializers.Serializer):
    id = serializers.UUIDField(source="case.id", help_text="Of the case.")
    rank = serializers.IntegerField(help_text="From 1, over the whole filtered list.")
    rank_reason = serializers.CharField(source="reason", help_text="Why the case stands where it stands.")
    patient = serializers.UUIDField(source="case.patient_id")
    pseudonym = serializers.CharField(source="case.patient.pseudonym")
    state = serializers.ChoiceField(CaseState.choices, source="case.state")
    tier = OptionalCode(Tier.choices, source="case.tier")
    malignancy = serializers.FloatField(source="case.malignancy", allow_null=True)
    flagged = serializers.BooleanField()
    sites = serializers.SerializerMethodField()
    waiting_seconds = serializers.SerializerMethodField()
    held_by_me = serializers.BooleanField()
    held_by_other = serializers.BooleanField()
    submitted_at = serializers.DateTimeField(source="case.submitted_at")

    def get_sites(self, row) -> list[str]:
        return sorted({image.lesion.site for image in row.case.images.all()})

    def get_waiting_seconds(self, row) -> int:
        return max(int(row.waiting.total_seconds()), 0)
