"""Why a case stands where it stands, as a sentence that says what to do."""

from cases.models import Analysis, Case, LesionImage
from cases.selectors.urgency import carried_urgency
from cases.states import AnalysisState
from cases.vocabulary import AbstainReason, Diagnosis, Tier, finding_words
from inference.vocabulary import MALIGNANT, SEVERITY

_NOBODY_LOOKED = "Nobody has looked yet, so it ranks above every “soon”."
_BESIDE = "Another of its images got no answer"
_NOT_SCORED = "A clinical image of the same lesion was not scored: the network reads dermoscopy only."


def rank_reason(case: Case, *, threshold: float | None) -> str:
    """A few short sentences; reads the case's prefetched images, analyses, quality checks and retakes."""
    told = _retake_sentence(case)
    return told if case.paused_at else f"{told} {_standing_sentence(case, threshold)}".strip()


def _standing_sentence(case: Case, threshold: float | None) -> str:
    images = case.standing_images
    analyses = [analysis for image in images for analysis in image.analyses.all()]
    silences = _silences(images)
    if not case.tier:
        return " ".join([*(silences or ["The network gave no answer."]), _NOBODY_LOOKED])
    carried = carried_urgency(case.images.all())
    possibility = _carried(carried) if carried else _possibility(case, _possible(analyses))
    said = [possibility, _threshold_sentence(case, threshold), _beside(case, silences)]
    return " ".join(sentence for sentence in said if sentence)


def _retake_sentence(case: Case) -> str:
    """What other images are asked for, or what came of it last."""
    asked = next(reversed(case.retakes.all()), None)
    if asked is None or asked.cancelled_at:
        return ""
    if asked.is_open:
        which = f"instead of one of {asked.image.lesion}" if asked.image else "beside the others"
        said = f" “{asked.comment}”" if asked.comment else ""
        return f"A new image is awaited {which}: {asked.get_reason_display().lower()}.{said}"
    if asked.unable:
        said = f" “{asked.answer}”" if asked.answer else ""
        return f"No other image came. {asked.get_unable_display()}.{said}"
    return "The new image has come."


def _silences(images: list[LesionImage]) -> list[str]:
    """What kept the network from answering, each cause once."""
    if not any(image.analyses.all() for image in images):
        return ["No model version was active, so no image was analysed."]
    causes = [cause for image in images for cause in _causes(image)]
    return list(dict.fromkeys(causes))


def _causes(image: LesionImage) -> list[str]:
    analyses = list(image.analyses.all())
    if not analyses:
        return ["An image was never analysed."]
    return [_cause(image, analysis) for analysis in analyses if analysis.state != AnalysisState.SUCCEEDED]


def _cause(image: LesionImage, analysis: Analysis) -> str:
    if analysis.state == AnalysisState.FAILED:
        return f"The analysis failed. {analysis.error.rstrip('.')}."
    if analysis.state == AnalysisState.ABSTAINED and analysis.error:  # it was never asked, and says why
        return f"{analysis.error.rstrip('.')}."
    if analysis.state == AnalysisState.ABSTAINED:
        return f"The network refused: {_refusal(image, AbstainReason(analysis.abstain_reason))}."
    return "The analysis missed its deadline."


def _refusal(image: LesionImage, reason: AbstainReason) -> str:
    """ "image quality too low (out of focus)"."""
    check = getattr(image, "quality_check", None)
    words = reason.label[0].lower() + reason.label[1:]
    if reason != AbstainReason.LOW_QUALITY or check is None or not check.reasons:
        return words
    return f"{words} ({finding_words(check.reasons)})"


def _beside(case: Case, silences: list[str]) -> str:
    """What an answered case still owes: the images that got none, and why."""
    if not case.silent:
        return _NOT_SCORED if silences else ""
    if carried_urgency(case.images.all()):
        return f"The new image has no answer. {' '.join(silences)}".strip()
    if not silences:
        return f"{_BESIDE}, so look at all of them."
    return f"{_BESIDE}, so look at all of them. {' '.join(silences)}"


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


def _carried(carried: list[Analysis]) -> str:
    codes = ", ".join(_possible(carried))
    first = Diagnosis(_possible(carried)[0]).label
    return f"It stays urgent: {first} in the prediction set of the image that was replaced ({codes})."


def _threshold_sentence(case: Case, threshold: float | None) -> str:
    if case.malignancy is None or threshold is None:
        return ""
    if case.malignancy >= threshold:
        return f"Malignancy {case.malignancy:.2f} reaches the threshold {threshold:.2f}."
    return f"Malignancy {case.malignancy:.2f} is below the threshold {threshold:.2f}."
