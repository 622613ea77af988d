"""The network's answers, refusals and failures as sentences that say what to do. Shared by queue and reading room."""

from collections.abc import Mapping
from typing import NamedTuple

from cases.models import Analysis, Explanation, ExplanationRequest, LesionImage, Prediction, Read
from cases.selectors.explanations import TRUSTED_R2, weights_of
from cases.services.refusal import NO_CONSENT
from cases.states import AnalysisState, CaseState, ExplanationState
from cases.vocabulary import AbstainReason, ImageType, Tier, Verdict, finding_words, hint_words, retake_advice
from inference.vocabulary import MALIGNANT

SCC_NOTE = "Squamous cell carcinoma is not among the classes."
# Below this share the network may have looked at hair, a ruler or skin: the reader is told before trusting it.
TRUSTED_SHARE = 0.5
NOTED_SHARE = 0.05  # of the heat, from which its being elsewhere is worth a word

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
_FOR_STAFF = {
    AbstainReason.MODALITY: "It reads dermoscopic images only; the dermatologist sees this one as it is.",
    AbstainReason.OUT_OF_SCOPE: "Check that it is the right file. The dermatologist sees it as it is.",
    AbstainReason.LOW_QUALITY: "The dermatologist sees it as it is, and may ask for a better one.",
    AbstainReason.INELIGIBLE: "The dermatologist decides without it.",
    AbstainReason.SET_TOO_LARGE: "The dermatologist decides without it.",
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
        return Words(_answer(analysis.prediction), _TIERS[Tier(analysis.prediction.tier)])
    if analysis.state == AnalysisState.ABSTAINED:
        return _abstention(analysis)
    if analysis.state == AnalysisState.FAILED:
        return Words("The analysis failed", f"{_sentence(analysis.error)} Read the case without it, or start it again.")
    if analysis.image.case.state == CaseState.SUBMITTED:
        return Words("The analysis is still running", "The result appears here when it is done.")
    return Words(
        "The analysis missed its deadline", "Read the case without it; reload to see whether it has come since."
    )


def _answer(prediction: Prediction) -> str:
    """The set; the likeliest diagnosis first where it is outside, for that is what the form offers to confirm."""
    held = one_of(prediction.prediction_set)
    if prediction.diagnosis in prediction.prediction_set:
        return held
    return f"{one_of([prediction.diagnosis])} likeliest; the set holds {held[0].lower()}{held[1:]}"


def _abstention(analysis: Analysis) -> Words:
    if analysis.error:  # it was never asked
        return Words(analysis.error.rstrip("."), "Read the case without its help.")
    headline, advice = _ABSTENTIONS[AbstainReason(analysis.abstain_reason)]
    return Words(headline, f"{_kind_note(analysis)}{advice}")


def _kind_note(analysis: Analysis) -> str:
    """That the declared kind may be wrong, where it or the scope score decided; no classifier says so (docs/adr/0014).

    The score says nothing of a picture that was declared otherwise than dermoscopic: how many close-ups lie in scope is
    not known.
    """
    if analysis.abstain_reason not in {AbstainReason.MODALITY, AbstainReason.OUT_OF_SCOPE}:
        return ""
    kind = analysis.image.get_image_type_display().lower()
    return f"{_scope_note(analysis)}It was declared {kind}. See whether that is so. "


def _scope_note(analysis: Analysis) -> str:
    """By which number a picture is out of scope."""
    scope = getattr(getattr(analysis, "prediction", None), "scope", None)
    if analysis.abstain_reason != AbstainReason.OUT_OF_SCOPE or not scope:
        return ""
    score, limit = _told_apart(scope["score"], scope["limit"])
    return f"Its scope score is {score}; above {limit} nothing is answered, and below says nothing of the kind. "


def _told_apart(score: float, limit: float) -> tuple[str, str]:
    """With as many decimals as it takes to see which is larger."""
    digits = next((digits for digits in range(1, 9) if round(score, digits) != round(limit, digits)), 9)
    return f"{score:.{digits}f}", f"{limit:.{digits}f}"


def refusal_for_staff(analysis: Analysis) -> str:
    """Why there is no answer and what that means, for those who took the picture."""
    if analysis.error:
        return f"{_sentence(analysis.error)} The dermatologist decides without it."
    reason = AbstainReason(analysis.abstain_reason)
    check = getattr(analysis.image, "quality_check", None)
    found = f" ({finding_words(check.reasons)})" if reason == AbstainReason.LOW_QUALITY and check else ""
    return f"{reason.label[0].lower()}{reason.label[1:]}{found}. {_FOR_STAFF[reason]}"


def quality_note(image: LesionImage) -> Words | None:
    """What the gate has against a picture, and what to do before it is taken again; None where it has nothing.

    Only a dermoscopic picture is for the network, so only of such a one its eyes matter.
    """
    check = getattr(image, "quality_check", None)
    if image.image_type != ImageType.DERMOSCOPIC or check is None or check.verdict != Verdict.REJECTED:
        return None
    found = finding_words(check.reasons)
    return Words(_sentence(f"{found[:1].upper()}{found[1:]}"), retake_advice(check.reasons))


def quality_hint(image: LesionImage) -> str:
    """What the gate lets pass and says nevertheless; of a picture that is for the network."""
    check = getattr(image, "quality_check", None)
    if image.image_type != ImageType.DERMOSCOPIC or check is None or check.verdict == Verdict.REJECTED:
        return ""
    return hint_words(check.hints)


def set_note(prediction: Prediction) -> str:
    """How sure the set is: "Both stay in the 90 % prediction set."."""
    level = coverage(prediction.analysis)
    if prediction.diagnosis not in prediction.prediction_set:
        return _outside(prediction, level)
    count = len(prediction.prediction_set)
    subject = _SUBJECTS.get(count, f"All {_NUMBERS[count]} stay")
    return f"{subject} in the {level} prediction set."


def _outside(prediction: Prediction, level: str) -> str:
    """Where the likeliest diagnosis is beyond its own limit: that it is, and that such a set is right less often.

    Of the shipped network's sets of this kind about half held the truth (docs/results/README.md).
    """
    name, value = SHORT_NAMES[prediction.diagnosis], prediction.probabilities[prediction.diagnosis]
    return (
        f"{name[0].upper()}{name[1:]} is likeliest ({value:.2f}), but most lesions of its kind score higher, so it is "
        f"outside the set and not ruled out. Of all sets {level} hold the diagnosis, of such ones fewer: weigh both."
    )


def coverage(analysis: Analysis) -> str:
    """The share of cases in which the prediction set holds the truth, as the bundle promises it."""
    alpha = analysis.model_version.manifest.get("conformal", {}).get("alpha")
    return f"{(1 - alpha) * 100:.0f} %" if alpha is not None else "conformal"


def trust(explanation: Explanation, diagnosis: str) -> tuple[bool, str]:
    """(may be read as a reason, the sentence) about where the heat of the likeliest diagnosis lies."""
    share = explanation.heat_inside_lesion
    if share is None:
        return (
            False,
            "The network found no lesion to compare its heat with: do not read the heatmap as a reason.",
        )
    if share < TRUSTED_SHARE:
        lies = f"Only {_percent(share)} of the heat lies on the lesion: do not read the heatmap as a reason."
        return False, " ".join([lies, *_elsewhere(explanation)])
    return True, " ".join(
        [f"{_percent(share)} of the heat for {SHORT_NAMES[diagnosis]} lies on the lesion.", *_elsewhere(explanation)]
    )


def _elsewhere(explanation: Explanation) -> list[str]:
    """Where heat has no business: on the rim of the picture, on hair, ruler and ink."""
    places = [
        (explanation.heat_on_border, "at the rim of the picture"),
        (explanation.heat_on_artefacts, "on hair, ruler or ink"),
    ]
    told = [f"{_percent(share)} {place}" for share, place in places if share is not None and share >= NOTED_SHARE]
    return [f"{' and '.join(told)}."] if told else []


def explained(request: ExplanationRequest) -> Words:
    """What became of a slow explanation: a headline, and how to read it."""
    name = SHORT_NAMES[request.diagnosis]
    headline = f"{request.get_method_display()} for {name}"
    if request.state == ExplanationState.FAILED and request.error == NO_CONSENT:
        return Words(headline, NO_CONSENT)
    if request.state == ExplanationState.FAILED:
        return Words(headline, f"It failed: {_sentence(request.error)} Ask for it again.")
    if request.state != ExplanationState.DONE:
        return Words(headline, "It waits for a free worker." if not request.progress else "The network is being asked.")
    weights = weights_of(request)
    fit = f"A simple model explains {_percent(max(request.r2, 0))} of what {request.samples} answers showed"
    if request.r2 < TRUSTED_R2:
        return Words(headline, f"{fit}: too little, do not read it as a reason.")
    return Words(
        headline,
        f"Orange speaks for {name} ({weights.towards:+.1f}), blue against it ({weights.against:+.1f}). {fit}.".replace(
            "-", "−"
        ),
    )


_DESCRIBED = (
    ("asymmetry", "Asymmetry", "{:.0%} beyond its mirror image"),
    ("border", "Border", "{:.2f}, where a disc has 1"),
    ("colours", "Colours", "{:.0f} of the 6 of the ABCD rule"),
    ("diameter_mm", "Diameter", "{:.1f} mm"),
    ("area_share", "Area", "{:.0%} of the picture"),
    ("texture", "Texture", "{:.1f} grey levels"),
)


def descriptor_rows(values: Mapping[str, float | None] | None, *, scaled: bool) -> list[tuple[str, str]]:
    """(what, how much with its unit) of each descriptor that is known; a diameter where the image is `scaled`."""
    if not values:
        return []
    known = ((field, words) for field, _, words in _DESCRIBED if values.get(field) is not None)
    told = {field: words.format(values[field]).replace("%", " %") for field, words in known}
    if scaled:
        told["diameter_mm"] = _diameter(told.get("diameter_mm"), values.get("touches_edge"))
    return [(label, told[field]) for field, label, _ in _DESCRIBED if field in told]


def _diameter(length: str | None, cut_off: float | None) -> str:
    """A lesion that goes on beyond what the network saw is longer; older results do not know."""
    if length is None:
        return "not measured in this older result"
    if cut_off is None:
        return f"{length}, more if the outline is cut off: not checked in this older result"
    return f"at least {length}: the outline is cut off" if cut_off else length


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"


def signing_question(code: str, management: str) -> str:
    return f"You are signing {SHORT_NAMES[code]} with {management.lower()}. Sign it anyway?"


def signed_words(read: Read) -> str:
    return f"{SHORT_NAMES[read.diagnosis]}, {read.get_management_display().lower()}"


def is_malignant(code: str) -> bool:
    return code in MALIGNANT


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
