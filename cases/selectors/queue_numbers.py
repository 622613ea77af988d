"""The queue in numbers: how many wait in each view, and how their malignancies spread."""

from typing import NamedTuple

from django.db.models import Count, Q, QuerySet

from cases.models import ModelVersion, User
from cases.permissions import visible_analyses, visible_cases
from cases.selectors.retakes import awaiting_count
from cases.states import AnalysisState, CaseState

BINS = 20


class QueueNumbers(NamedTuple):
    of_view: dict[str, int]
    scores: list[float]  # malignancy of every waiting case whose lesions were all answered, ascending
    silent: int  # cases with a lesion that got no answer: flagged under any threshold
    of_other_versions: int  # cases with a score by another model version than the active one

    @property
    def histogram(self) -> list[int]:
        """Cases per twentieth of malignancy."""
        counts = [0] * BINS
        for score in self.scores:
            counts[min(int(score * BINS), BINS - 1)] += 1
        return counts

    def flagged_at(self, threshold: float) -> int:
        return self.silent + sum(score >= threshold for score in self.scores)


def queue_numbers(user: User) -> QueueNumbers:
    waiting = visible_cases(user).waiting().filter(waiting_since__isnull=False)
    of_view = waiting.aggregate(
        flagged=Count("pk", filter=Q(flagged=True)),
        all=Count("pk"),
        mine=Count("pk", filter=Q(state=CaseState.IN_REVIEW, claimed_by=user)),
        unassessed=Count("pk", filter=Q(tier="")),
    )
    answered = waiting.filter(silent=False, malignancy__isnull=False).order_by("malignancy")
    return QueueNumbers(
        of_view={**of_view, "awaiting": awaiting_count(user)},
        scores=list(answered.values_list("malignancy", flat=True)),
        silent=waiting.filter(silent=True).count(),
        of_other_versions=waiting.filter(pk__in=_scored_by_others(user)).count(),
    )


def _scored_by_others(user: User) -> QuerySet:
    scored = visible_analyses(user).standing().filter(state=AnalysisState.SUCCEEDED)
    return scored.exclude(model_version__in=ModelVersion.objects.of_clinic(user.clinic).active()).values("image__case")
