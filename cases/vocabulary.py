"""The clinic's codes as choices. Diagnoses, sites and image types come from `inference.vocabulary`, their one source."""

from django.db import models

from inference import vocabulary


def _member(code: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in code.upper()).replace("__", "_")


Diagnosis = models.TextChoices(
    "Diagnosis", [(_member(code), (code, vocabulary.DIAGNOSIS_NAMES[code])) for code in vocabulary.SEVERITY]
)
Site = models.TextChoices("Site", [(_member(site), (site, site.capitalize())) for site in vocabulary.LOCALIZATIONS])
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


class LesionStatus(models.TextChoices):
    OPEN = "open", "Open"
    CLOSED = "closed", "Closed"


class Verdict(models.TextChoices):
    """What the quality gate says of a picture."""

    PASSED = "passed", "Passed"
    REJECTED = "rejected", "Rejected"


class AbstainReason(models.TextChoices):
    MODALITY = "modality", "Not a dermoscopic image"
    OUT_OF_SCOPE = "out_of_scope", "Not a picture of the kind the network knows"
    LOW_QUALITY = "low_quality", "Image quality too low"
    INELIGIBLE = "ineligible", "Outside the network's eligibility rules"
    SET_TOO_LARGE = "set_too_large", "Too many diagnoses remain possible"


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
