"""How an analysis is kept that its patient did not agree to."""

from django.utils import timezone

from cases.models.analysis import Step
from cases.states import AnalysisState
from cases.vocabulary import AbstainReason

NO_CONSENT = "The patient has not agreed to analysis by a network."


def without_consent() -> dict[str, object]:
    """The fields of an analysis that the patient did not agree to: it abstains, and says why."""
    return {
        "state": AnalysisState.ABSTAINED,
        "step": Step.DONE,
        "abstain_reason": AbstainReason.INELIGIBLE,
        "error": NO_CONSENT,
        "finished_at": timezone.now(),
    }
