"""The clinic's codes as choices; those it shares with the network have their one source in `inference.vocabulary`."""

from collections.abc import Iterable
from typing import Final

from django.db import models

from inference import vocabulary


def _member(code: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in code.upper()).replace("__", "_")


Diagnosis = models.TextChoices(
    "Diagnosis", [(_member(code), (code, vocabulary.DIAGNOSIS_NAMES[code])) for code in vocabulary.SEVERITY]
)
Site = models.TextChoices("Site", [(_member(site), (site, site.capitalize())) for site in vocabulary.LOCALIZATIONS])
# Where a picture may show who it is: nobody leaves it open there.
FACE_SITES: Final = (Site.FACE, Site.EAR, Site.SCALP, Site.NECK)
Sex = models.TextChoices("Sex", [(_member(sex), (sex, sex.capitalize())) for sex in vocabulary.SEXES])
ImageType = models.TextChoices(
    "ImageType", [(_member(kind), (kind, kind.capitalize())) for kind in vocabulary.IMAGE_TYPES]
)


class Tier(models.TextChoices):
    URGENT = "urgent", "Urgent"
    SOON = "soon", "Soon"
    ROUTINE = "routine", "Routine"


class Role(models.TextChoices):
    STAFF = "staff", "Clinic staff"
    DERMATOLOGIST = "dermatologist", "Dermatologist"
    ADMIN = "admin", "Administrator"
    AUDITOR = "auditor", "Auditor"


class Answer(models.TextChoices):
    """Three values: an unanswered question is not a "no"."""

    YES = "yes", "Yes"
    NO = "no", "No"
    UNKNOWN = "unknown", "Unknown"


class Laterality(models.TextChoices):
    LEFT = "left", "Left"
    RIGHT = "right", "Right"
    MIDLINE = "midline", "Midline"
    UNKNOWN = "unknown", "Unknown"


class SkinType(models.TextChoices):
    """Fitzpatrick's scale."""

    I = "I", "I: always burns"  # noqa: E741  the scale's own numerals
    II = "II", "II: usually burns"
    III = "III", "III: sometimes burns"
    IV = "IV", "IV: rarely burns"
    V = "V", "V: very rarely burns"
    VI = "VI", "VI: never burns"
    UNKNOWN = "unknown", "Unknown"


class DermoscopicType(models.TextChoices):
    CONTACT_POLARIZED = "contact polarized", "Contact polarized"
    CONTACT_NON_POLARIZED = "contact non-polarized", "Contact non-polarized"
    NON_CONTACT_POLARIZED = "non-contact polarized", "Non-contact polarized"


class ImageManipulation(models.TextChoices):
    """What was done to a picture beyond cleaning it, after ISIC's attribute of this name."""

    ALTERED = "altered", "Altered"
    SYNTHETIC = "synthetic", "Generated"


class LesionStatus(models.TextChoices):
    OPEN = "open", "Open"
    CLOSED = "closed", "Closed"


class Veil(models.TextChoices):
    """Why an image is not shown until somebody asks for it."""

    GENITAL = "genital", "genital area"
    RECOGNISABLE = "recognisable", "recognisable person"


class ScaleBasis(models.TextChoices):
    """How somebody knows how large a pixel of an image is."""

    STATED = "stated", "as stated"
    RULER = "ruler", "by a line over a known length"
    UNKNOWN = "unknown", "not known"


class Verdict(models.TextChoices):
    """What the quality gate says of a picture."""

    PASSED = "passed", "Passed"
    REJECTED = "rejected", "Rejected"


class Finding(models.TextChoices):
    """What the quality gate finds fault with, in a few words."""

    BLUR = "blur", "out of focus"
    FLAT = "flat", "hardly any contrast"
    UNDER_EXPOSED = "under_exposed", "too dark"
    OVER_EXPOSED = "over_exposed", "too bright"
    GLARE = "glare", "glare on the skin"
    TOO_SMALL = "too_small", "too few pixels"
    CROPPED = "cropped", "so narrow that most of it was not seen"
    LESION_OFF_FRAME = "lesion_off_frame", "the lesion lies at the edge of the frame"
    OCCLUDED = "occluded", "hair, ruler or ink over the lesion"
    COMPRESSED = "compressed", "saved with so much compression that blocks show"


class Hint(models.TextChoices):
    """What the quality gate lets pass, and says nevertheless."""

    DIM = "dim", "the picture is dark, so check the light; well lit dark skin measures the same"


# What whoever holds the camera can do about it.
RETAKE_ADVICE: Final = {
    Finding.BLUR: "Rest the camera on the skin, hold still, and wait until it is sharp.",
    Finding.FLAT: "Clean the lens, and let nothing lie between it and the skin.",
    Finding.UNDER_EXPOSED: "Switch the light of the dermatoscope on, or bring more light.",
    Finding.OVER_EXPOSED: "Use less light, or move the camera away a little.",
    Finding.GLARE: "Use polarised light or contact fluid, or tilt the camera a little.",
    Finding.TOO_SMALL: "Send the original file, not a thumbnail, or go nearer.",
    Finding.CROPPED: "Send the whole picture: at least half as high as it is wide.",
    Finding.LESION_OFF_FRAME: "Bring the lesion into the middle of the frame.",
    Finding.OCCLUDED: "Move hair aside, and take ruler and ink off the lesion.",
    Finding.COMPRESSED: "Send the original file, not a copy from a messenger or a screenshot.",
}


def retake_advice(reasons: Iterable[str]) -> str:
    """What to do before the picture is taken again; nothing for a code of a later gate."""
    return " ".join(RETAKE_ADVICE[Finding(reason)] for reason in reasons if reason in RETAKE_ADVICE)


def finding_words(reasons: Iterable[str]) -> str:
    """["blur", "under_exposed"] → "out of focus, too dark"; a code of a later gate keeps its own words."""
    return ", ".join(
        Finding(reason).label if reason in Finding.values else reason.replace("_", " ") for reason in reasons
    )


def hint_words(hints: Iterable[str]) -> str:
    """A code of a later gate keeps its own words."""
    return ", ".join(Hint(hint).label if hint in Hint.values else hint.replace("_", " ") for hint in hints)


class AbstainReason(models.TextChoices):
    MODALITY = "modality", "Not a dermoscopic image"
    OUT_OF_SCOPE = "out_of_scope", "Not a picture of the kind the network knows"
    LOW_QUALITY = "low_quality", "Image quality too low"
    INELIGIBLE = "ineligible", "Outside the network's eligibility rules"
    SET_TOO_LARGE = "set_too_large", "Too many diagnoses remain possible"


class SurrogateMethod(models.TextChoices):
    """How the network is asked from outside, by hiding parts of the picture."""

    LIME = "lime", "LIME"
    SHAP = "shap", "SHAP"


class Decision(models.TextChoices):
    CONFIRM = "confirm", "Confirm"
    OVERRIDE = "override", "Override"


class Management(models.TextChoices):
    DISCHARGE = "discharge", "Discharge"
    REASSURE = "reassure", "Reassure"
    MONITOR = "monitor", "Monitor"
    TREAT = "treat", "Treat"
    BIOPSY = "biopsy", "Biopsy"
    EXCISE = "excise", "Excise"
    URGENT_REFERRAL = "urgent_referral", "Urgent referral"


class OverrideReason(models.TextChoices):
    DERMOSCOPIC_CRITERIA = "dermoscopic_criteria", "Dermoscopic criteria"
    CLINICAL_CONTEXT = "clinical_context", "Clinical context"
    HISTORY = "history", "History"
    IMAGE_QUALITY = "image_quality", "Image quality"
    COMPARISON = "comparison", "Comparison with earlier images"
    HISTOLOGY = "histology", "Histology"
    OTHER = "other", "Other"


class RetakeReason(models.TextChoices):
    """Why other images are asked for: what the quality gate may find, and what only an eye sees."""

    BLUR = "blur", "Out of focus"
    UNDER_EXPOSED = "under_exposed", "Too dark"
    OVER_EXPOSED = "over_exposed", "Too bright"
    GLARE = "glare", "Glare on the skin"
    FLAT = "flat", "Hardly any contrast"
    TOO_SMALL = "too_small", "Too few pixels"
    COMPRESSED = "compressed", "Blocks of compression"
    CROPPED = "cropped", "Too narrow"
    LESION_OFF_FRAME = "lesion_off_frame", "Lesion cut off"
    OCCLUDED = "occluded", "Hair, ruler or ink over it"
    ANOTHER_VIEW = "another_view", "Another view is needed"
    OTHER = "other", "Other"


class UnableReason(models.TextChoices):
    """Why there will be no other image."""

    PATIENT_AWAY = "patient_away", "The patient cannot come"
    PATIENT_DECLINES = "patient_declines", "The patient does not want it"
    LESION_GONE = "lesion_gone", "The lesion is no longer there"
    NO_BETTER = "no_better", "A better image is not possible"
    OTHER = "other", "Other"


class Purpose(models.TextChoices):
    """What a patient may agree to, each by itself."""

    CARE = "care", "Care"
    AI = "ai", "Analysis by the network"
    RESEARCH = "research", "Research and training"


class ConsentAnswer(models.TextChoices):
    GIVEN = "given", "Given"
    REFUSED = "refused", "Refused"


class Action(models.TextChoices):
    """What the audit trail tells of. The codes are kept for good: a trail is read years later."""

    SIGN_IN = "sign_in", "Signed in"
    SIGN_OUT = "sign_out", "Signed out"
    SIGN_IN_REFUSED = "sign_in_refused", "Sign-in refused"
    TOKEN_ISSUED = "token_issued", "API token issued"
    MEMBER_ADDED = "member_added", "Member added"
    PATIENT_REGISTERED = "patient_registered", "Patient registered"
    PATIENT_CORRECTED = "patient_corrected", "Patient corrected"
    CONSENT_RECORDED = "consent_recorded", "Consent recorded"
    PATIENT_VIEWED = "patient_viewed", "Patient viewed"
    PATIENTS_LISTED = "patients_listed", "Patients listed"
    LESION_REGISTERED = "lesion_registered", "Lesion registered"
    LESION_VIEWED = "lesion_viewed", "Lesion viewed"
    CASE_OPENED = "case_opened", "Case opened"
    CASE_EDITED = "case_edited", "Case edited"
    CASE_VIEWED = "case_viewed", "Case viewed"
    CASES_LISTED = "cases_listed", "Cases listed"
    CASE_SUBMITTED = "case_submitted", "Case submitted"
    CASE_READY = "case_ready", "Case ready to read"
    CASE_CLAIMED = "case_claimed", "Case claimed"
    CASE_RELEASED = "case_released", "Case released"
    RETAKE_REQUESTED = "retake_requested", "New images asked for"
    RETAKE_UNABLE = "retake_unable", "New images not possible"
    RETAKE_WITHDRAWN = "retake_withdrawn", "Request for new images withdrawn"
    CASE_CANCELLED = "case_cancelled", "Case cancelled"
    CASE_CLOSED = "case_closed", "Case closed"
    WORKLIST_VIEWED = "worklist_viewed", "Worklist viewed"
    UPLOAD_STARTED = "upload_started", "Upload in parts started"
    UPLOAD_CHANGED = "upload_changed", "Upload in parts announced anew"
    UPLOAD_DISCARDED = "upload_discarded", "Upload in parts discarded"
    IMAGE_ATTACHED = "image_attached", "Image attached"
    IMAGE_REFUSED = "image_refused", "Image refused because another patient has it"
    IMAGE_OVERRIDDEN = "image_overridden", "Image filed although another patient has it"
    IMAGE_VIEWED = "image_viewed", "Image viewed"
    IMAGE_REVEALED = "image_revealed", "Veiled image shown"
    IMAGE_MARKED = "image_marked", "Said whether a person can be recognised in the image"
    IMAGE_SCALED = "image_scaled", "Scale of the image set"
    IMAGE_ACCEPTED = "image_accepted", "Image used although the quality gate refuses it"
    IMAGE_DESCRIBED = "image_described", "Image described anew"
    IMAGE_REMOVED = "image_removed", "Image removed"
    ANALYSIS_QUEUED = "analysis_queued", "Analysis queued"
    ANALYSIS_STARTED = "analysis_started", "Analysis started"
    ANALYSIS_SUCCEEDED = "analysis_succeeded", "Analysis succeeded"
    ANALYSIS_ABSTAINED = "analysis_abstained", "Analysis abstained"
    ANALYSIS_FAILED = "analysis_failed", "Analysis failed"
    ANALYSIS_VIEWED = "analysis_viewed", "Analysis viewed"
    EXPLANATION_REQUESTED = "explanation_requested", "Explanation requested"
    EXPLANATION_MADE = "explanation_made", "Explanation made"
    EXPLANATION_FAILED = "explanation_failed", "Explanation failed"
    READ_SIGNED = "read_signed", "Read signed"
    MODEL_REGISTERED = "model_registered", "Model version registered"
    MODEL_STAGED = "model_staged", "Model version moved"
    AUDIT_VIEWED = "audit_viewed", "Audit trail viewed"
    AUDIT_REPORT_CREATED = "audit_report_created", "Audit report created"
    AUDIT_REPORT_DOWNLOADED = "audit_report_downloaded", "Audit report downloaded"
    USABILITY_ANSWERED = "usability_answered", "Usability questions answered"
    USABILITY_VIEWED = "usability_viewed", "Usability answers viewed"
