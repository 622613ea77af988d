"""The network's answers, refusals and failures as sentences that say what to do. Shared by queue and reading room."""

from typing import NamedTuple

from cases.models import Analysis, Explanation, Prediction, Read
from cases.states import AnalysisState, CaseState
from cases.vocabulary import AbstainReason, Tier
from inference.vocabulary import MALIGNANT

SCC_NOTE = "Squamous cell carcinoma is not among the classes."
# Below this share the network may have looked at hair, a ruler or skin: the reader is told before trusting it.
TRUSTED_SHARE = 0.5

SHORT_NAMES = {
    "mel": "melanoma",
    "bcc": "basal cell carcinoma",
    "akiec": "actinic keratosis / intraepithelial carcinoma",
    "bkl": "benign keratosis",
    "nv": "nevus",
    "df": "dermatofibroma",
    "vasc": "vascular lesion",
}
_TIERS = {
    Tier.URGENT: "Melanoma is in play: read it first.",
    Tier.SOON: "A malignant or pre-malignant diagnosis is in play: read it soon.",
    Tier.ROUTINE: "No malignant diagnosis is in play.",
}
_ABSTENTIONS = {
    AbstainReason.MODALITY: (
        "This is not a dermoscopic image",
        "The network was made for dermoscopy only. Read the image yourself; only a dermoscopic one can be assessed.",
    ),
    AbstainReason.OUT_OF_SCOPE: (
        "This is not the kind of image the network knows",
        "Check that the image shows one skin lesion, then read it yourself.",
    ),
    AbstainReason.LOW_QUALITY: (
        "The image is not good enough to assess",
        "Read what can be seen; if that is too little, have a better image taken.",
    ),
    AbstainReason.INELIGIBLE: (
        "This patient or site is outside what the network may judge",
        "Read the case without its help.",
    ),
    AbstainReason.SET_TOO_LARGE: (
        "Too many diagnoses remain possible",
        "The network cannot tell them apart on this image. Read it without its help.",
    ),
}
_SUBJECTS = {1: "Nothing else stays", 2: "Both stay"}
_NUMBERS = ("none", "one", "two", "three", "four", "five", "six", "seven")


class Words(NamedTuple):
    """One statement, and what follows from it."""

    headline: str
    advice: str


def one_of(codes: list[str]) -> str:
    """["mel", "bkl"] → "Melanoma or benign keratosis"."""
    names = [SHORT_NAMES[code] for code in codes]
    text = " or ".join([*([", ".join(names[:-1])] if len(names) > 1 else []), names[-1]])
    return text[0].upper() + text[1:]


def verdict(analysis: Analysis | None) -> Words:
    """What an analysis comes to: its prediction set, or why there is none and what to do then."""
    if analysis is None:
        return Words("Nothing was analysed", "No model was active when this was submitted. Read the case without it.")
    if analysis.state == AnalysisState.SUCCEEDED:
        return Words(one_of(analysis.prediction.prediction_set), _TIERS[Tier(analysis.prediction.tier)])
    if analysis.state == AnalysisState.ABSTAINED:
        return Words(*_ABSTENTIONS[AbstainReason(analysis.abstain_reason)])
    if analysis.state == AnalysisState.FAILED:
        return Words("The analysis failed", f"{_sentence(analysis.error)} Read the case without it, or start it again.")
    if analysis.image.case.state == CaseState.SUBMITTED:
        return Words("The analysis is still running", "The result appears here when it is done.")
    return Words(
        "The analysis missed its deadline", "Read the case without it; reload to see whether it has come since."
    )


def set_note(prediction: Prediction) -> str:
    """How sure the set is: "Both stay in the 90 % prediction set."."""
    level = coverage(prediction.analysis)
    count = len(prediction.prediction_set)
    subject = _SUBJECTS.get(count, f"All {_NUMBERS[count]} stay")
    return f"{subject} in the {level} prediction set."


def coverage(analysis: Analysis) -> str:
    """The share of cases in which the prediction set holds the truth, as the bundle promises it."""
    alpha = analysis.model_version.manifest.get("conformal", {}).get("alpha")
    return f"{(1 - alpha) * 100:.0f} %" if alpha is not None else "conformal"


def trust(explanation: Explanation, diagnosis: str) -> tuple[bool, str]:
    """(may be trusted, the sentence) about where the heat of the likeliest diagnosis lies."""
    share = explanation.heat_inside_lesion
    if share is None:
        return False, "The network found no lesion border to compare its heat with. Look at the image first."
    inside = f"{share * 100:.0f} % of the heat for {SHORT_NAMES[diagnosis]} lies inside the lesion."
    if share < TRUSTED_SHARE:
        return False, f"Only {inside} Look at the image before the result."
    return True, inside


def signing_question(code: str, management: str) -> str:
    return f"You are signing {SHORT_NAMES[code]} with {management.lower()}. Sign it anyway?"


def signed_words(read: Read) -> str:
    return f"{SHORT_NAMES[read.diagnosis]}, {read.get_management_display().lower()}"


def is_malignant(code: str) -> bool:
    return code in MALIGNANT


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
