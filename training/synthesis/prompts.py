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
    r"newborns?|toddlers?|teen(ager)?s?|adolescents?|kids?|lad(y|ies)|gentlem[ae]n|guys?|girlfriends?|boyfriends?|"
    r"(grand)?(mothers?|fathers?|sons?|daughters?|parents?|child(ren)?|m[ou]ms?|dads?)|grandm?as?|grandpas?|"
    r"brothers?|sisters?|aunts?|uncles?|wi(fe|ves)|husbands?|widow(er)?s?|he|she|his|hers?|him|someone|somebody|"
    r"doctors?|nurses?|pregnant|seniors?|miss|ms|prof|sir|"
    r"adults?|elderly|years?|aged?|old|young|mrs?|dr|names?|faces?|portraits?|selfies?|hospitals?|"
    r"caucasian|asian|african|hispanic|ethnic\w*)\b"
)
# DreamBooth's word: without a vowel it can be no word and nobody's name, and in no class's name either.
TOKEN = re.compile(r"[b-df-hj-np-tv-xz]{3,6}")
_NAMED_AFTER = {"Bowen"}
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
    if named := set(re.findall(r"(?<!^)\b[A-Z][a-z]+", prompt.strip())) - _NAMED_AFTER:
        raise PromptError(f"{prompt!r} holds a capital ({min(named)}), as a name does; write it in small letters.")
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


def check_token(token: str) -> None:
    """Raise ``PromptError`` unless ``token`` is empty or a word of its own: consonants that nothing is called by."""
    if token and (not TOKEN.fullmatch(token) or token in (*DIAGNOSES, "mrs")):
        raise PromptError(f"{token!r} is no token: give three to six small consonants that mean nothing, such as sks.")


def with_token(prompt: str, code: str, token: str) -> str:
    """``prompt`` with DreamBooth's word before the article's noun: "image of a sks dermatofibroma".

    Raises ``PromptError`` for a word that has a meaning: what is sent is linted, not what was before it.
    """
    check_token(token)
    made = prompt.replace(" of a ", f" of a {token} ", 1) if token else prompt
    lint(made, code)
    return made
