"""Prompts for a text-to-image network, and a lint: each names one class and the modality, and no person."""

from __future__ import annotations

import re
from collections.abc import Sequence

from inference.vocabulary import DIAGNOSES

# One of these must stand in a prompt of the class; none of another class's may.
CLASS_WORDS: dict[str, tuple[str, ...]] = {
    "akiec": ("actinic keratosis", "intraepithelial carcinoma", "bowen"),
    "bcc": ("basal cell carcinoma",),
    "bkl": ("seborrheic keratosis", "solar lentigo", "lichen planus-like keratosis", "benign keratosis"),
    "df": ("dermatofibroma",),
    "mel": ("melanoma",),
    "nv": ("nevus", "naevus"),
    "vasc": ("vascular lesion", "angioma", "angiokeratoma", "pyogenic granuloma"),
}
MODALITY = re.compile(r"\bderm(at)?oscop(y|ic)\b")
# A prompt must not ask for a person: what comes back could be taken for one.
PERSON = re.compile(
    r"\b(patients?|persons?|people|m[ae]n|wom[ae]n|males?|females?|boys?|girls?|child(ren)?|bab(y|ies)|infants?|"
    r"adults?|elderly|years?|aged?|old|young|mrs?|dr|names?|faces?|portraits?|selfies?|hospitals?|"
    r"caucasian|asian|african|hispanic|ethnic\w*)\b"
)
LONGEST = 60  # words: CLIP reads 77 tokens, and what stands behind them is not seen

# Two of each, as in the report: one of the lesion alone, one of its structures under the dermatoscope.
_LOOKS: dict[str, tuple[str, str]] = {
    "akiec": ("actinic keratosis", "red pseudonetwork, surface scale and targetoid follicles"),
    "bcc": ("basal cell carcinoma", "arborising vessels and blue-grey ovoid nests"),
    "bkl": ("seborrheic keratosis", "milia-like cysts and comedo-like openings"),
    "df": ("dermatofibroma", "a central white scar-like patch and a delicate peripheral pigment network"),
    "mel": ("melanoma", "an atypical pigment network, irregular streaks and a blue-white veil"),
    "nv": ("melanocytic nevus", "a regular pigment network that fades at the rim"),
    "vasc": ("vascular lesion", "red and purple lacunae with whitish septa"),
}
TEMPLATES = (
    "dermoscopic image of a {name}, centred, sharp focus, polarised light, clinical photograph",
    "high resolution dermoscopy of a {name} with {structures}, on light skin",
)
NEGATIVE = "text, letters, watermark, frame, ruler, drawing, cartoon, blurry"


class PromptError(ValueError):
    """A prompt that must not be sent, with what to change."""


def lint(prompt: str, code: str) -> None:
    """Raise ``PromptError`` unless ``prompt`` names the class ``code`` alone and the modality, and no person."""
    if code not in DIAGNOSES:
        raise PromptError(f"There is no class {code!r}; choose of {', '.join(DIAGNOSES)}.")
    text = " ".join(prompt.lower().split())
    if not any(word in text for word in CLASS_WORDS[code]):
        raise PromptError(f"Name the class: one of {', '.join(CLASS_WORDS[code])} must stand in {prompt!r}.")
    foreign = [word for other, words in CLASS_WORDS.items() if other != code for word in words if word in text]
    if foreign:
        raise PromptError(f"{prompt!r} names {foreign[0]} too, which is another class; leave it out.")
    if not MODALITY.search(text):
        raise PromptError(f"Name the modality: dermoscopic or dermoscopy must stand in {prompt!r}.")
    if person := PERSON.search(text):
        raise PromptError(f"{prompt!r} speaks of a person ({person[0]}); describe the lesion alone.")
    if re.search(r"\d{4,}|@", text):
        raise PromptError(f"{prompt!r} holds a long number or an address; nothing that could name somebody may.")
    if len(text.split()) > LONGEST:
        raise PromptError(f"{prompt!r} is longer than {LONGEST} words; its end would not be read.")


def prompts_of(code: str, templates: Sequence[str] = TEMPLATES) -> list[str]:
    """The prompts of a class, each linted. Raises ``PromptError`` for a template that makes a wrong one."""
    if code not in DIAGNOSES:
        raise PromptError(f"There is no class {code!r}; choose of {', '.join(DIAGNOSES)}.")
    name, structures = _LOOKS[code]
    made = [template.format(name=name, structures=structures) for template in templates]
    for prompt in made:
        lint(prompt, code)
    return made
