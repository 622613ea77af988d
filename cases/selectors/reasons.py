"""Why a case stands where it stands, as a sentence that says what to do."""

from cases.models import Analysis, Case
from cases.states import OPEN_ANALYSIS, AnalysisState
from cases.vocabulary import AbstainReason, Diagnosis, Tier
from inference.vocabulary import MALIGNANT, SEVERITY

_NOBODY_LOOKED = "Nobody has looked yet, so it ranks above every “soon”."


def rank_reason(case: Case, *, threshold: float | None) -> str:
    """One or two sentences; reads the case's prefetched images and analyses."""
    analyses = [analysis for image in case.images.all() for analysis in image.analyses.all()]
    if not case.tier:
        return f"{_silence(analyses)} {_NOBODY_LOOKED}"
    possible = _possible(analyses)
    sentence = _possibility(case, possible)
    return f"{sentence} {_threshold_sentence(case, threshold)}".strip()


def _silence(analyses: list[Analysis]) -> str:
    """What kept the network from answering."""
    if not analyses:
        return "No model version was active, so no image was analysed."
    for analysis in analyses:
        if analysis.state == AnalysisState.FAILED:
            return f"The analysis failed: {analysis.error.rstrip('.')}."
        if analysis.state == AnalysisState.ABSTAINED:
            return f"The network refused: {AbstainReason(analysis.abstain_reason).label.lower()}."
    if any(analysis.state in OPEN_ANALYSIS for analysis in analyses):
        return "The analysis missed its deadline."
    return "The network gave no answer."


def _possible(analyses: list[Analysis]) -> list[str]:
    answered = [analysis for analysis in analyses if analysis.state == AnalysisState.SUCCEEDED]
    found = {code for analysis in answered for code in analysis.prediction.prediction_set}
    return [code for code in SEVERITY if code in found]


def _possibility(case: Case, possible: list[str]) -> str:
    codes = ", ".join(possible)
    if case.tier == Tier.ROUTINE:
        return f"No malignant diagnosis in the prediction set ({codes})."
    dangerous = [code for code in possible if code in MALIGNANT]
    first = Diagnosis(dangerous[0]).label if dangerous else "A malignant diagnosis"
    return f"{first} in the prediction set ({codes})."


def _threshold_sentence(case: Case, threshold: float | None) -> str:
    if case.malignancy is None or threshold is None:
        return ""
    if case.malignancy >= threshold:
        return f"Malignancy {case.malignancy:.2f} reaches the threshold {threshold:.2f}."
    if case.silent:
        return "Another of its images got no answer, so look at all of them."
    return f"Malignancy {case.malignancy:.2f} is below the threshold {threshold:.2f}."
