"""The words of the field: diagnoses, sexes, sites and modalities as codes.

This is the single source of every code that crosses a border (database, API, bundle, CSV). Diagnoses
are codes and never indexes: sorting by code and sorting by name swap ``mel`` and ``nv``, so an array of
seven values always travels with its labels.

Sources: HAM10000 (Tschandl, Rosendahl, Kittler, Scientific Data 5, 180161, 2018) for diagnoses and
localizations; the ISIC Archive's data dictionary for general sites and image types.
"""

from typing import Final

DIAGNOSES: Final = ("akiec", "bcc", "bkl", "df", "mel", "nv", "vasc")

DIAGNOSIS_NAMES: Final[dict[str, str]] = {
    "akiec": "Actinic keratosis / intraepithelial carcinoma",
    "bcc": "Basal cell carcinoma",
    "bkl": "Benign keratosis-like lesion",
    "df": "Dermatofibroma",
    "mel": "Melanoma",
    "nv": "Melanocytic nevus",
    "vasc": "Vascular lesion",
}

# akiec is pre-malignant or in situ; it is counted here because it must not be missed.
MALIGNANT: Final = ("akiec", "bcc", "mel")

# The order in which people read results: what can harm first.
SEVERITY: Final = ("mel", "bcc", "akiec", "bkl", "nv", "df", "vasc")

# Columns of the ISIC 2018 challenge, task 3, in its own order.
CHALLENGE_ORDER: Final = ("mel", "nv", "bcc", "akiec", "bkl", "df", "vasc")

UNKNOWN: Final = "unknown"

SEXES: Final = ("female", "male", "other", UNKNOWN)

LOCALIZATIONS: Final = (
    "abdomen",
    "acral",
    "back",
    "chest",
    "ear",
    "face",
    "foot",
    "genital",
    "hand",
    "lower extremity",
    "neck",
    "scalp",
    "trunk",
    UNKNOWN,
    "upper extremity",
)

# HAM10000's localization → ISIC's anatom_site_general. None where the word does not settle it:
# "trunk" does not say front or back.
GENERAL_SITES: Final[dict[str, str | None]] = {
    "abdomen": "anterior torso",
    "acral": "palms/soles",
    "back": "posterior torso",
    "chest": "anterior torso",
    "ear": "head/neck",
    "face": "head/neck",
    "foot": "lower extremity",
    "genital": "oral/genital",
    "hand": "upper extremity",
    "lower extremity": "lower extremity",
    "neck": "head/neck",
    "scalp": "head/neck",
    "trunk": None,
    UNKNOWN: None,
    "upper extremity": "upper extremity",
}

DERMOSCOPIC: Final = "dermoscopic"
CLOSE_UP: Final = "clinical: close-up"
IMAGE_TYPES: Final = (DERMOSCOPIC, CLOSE_UP, "clinical: overview")

TIERS: Final = ("urgent", "soon", "routine")
