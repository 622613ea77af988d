"""Who may be meant already, while somebody types a new entry of the register: found by indexes, ranked in words."""

from collections.abc import Iterator
from datetime import date
from difflib import SequenceMatcher
from typing import NamedTuple

from cases.models import Patient, User
from cases.models.patient import HEAD
from cases.names import fold
from cases.permissions import ensure_may, visible_patients

MOST = 5
_CANDIDATES = 200  # of a very common beginning of a name, only so many are looked at
_ALIKE = 0.75  # share of letters that two names have in common, in their order

SAME_IDENTIFIER = "Same identifier"
SAME_PERSON = "Same birth date and name"
SAME_BIRTH_DATE_AND_NAME = "Same birth date and a like name"
SAME_NAME = "Same name"
SAME_BIRTH_DATE = "Same birth date"
NAME_BEGINS_ALIKE = "Name begins alike"
_ORDER = (SAME_IDENTIFIER, SAME_PERSON, SAME_BIRTH_DATE_AND_NAME, SAME_NAME, SAME_BIRTH_DATE, NAME_BEGINS_ALIKE)


class Likely(NamedTuple):
    patient: Patient
    why: str


class Typed(NamedTuple):
    """What stands in the form so far; names folded."""

    identifier: str
    given: str
    family: str
    birth_date: date | None


def likely_patients(
    user: User,
    *,
    identifier: str = "",
    given_name: str = "",
    family_name: str = "",
    birth_date: date | None = None,
) -> list[Likely] | None:
    """The likeliest first, at most `MOST`; None as long as too little was typed to look for anybody.

    An identifier has to be typed whole: it is a number, not a name to feel one's way to.
    """
    ensure_may(user, "register_patient")
    typed = Typed(identifier.strip(), fold(given_name), fold(family_name), birth_date)
    if not (typed.identifier or typed.birth_date or len(typed.family) >= HEAD):
        return None
    found = {patient.pk: patient for patient in _candidates(user, typed)}.values()
    likely = [Likely(patient, why) for patient in found if (why := _why(patient, typed))]
    return sorted(likely, key=lambda each: (_ORDER.index(each.why), each.patient.family_key, each.patient.pk))[:MOST]


def _candidates(user: User, typed: Typed) -> Iterator[Patient]:
    patients = visible_patients(user).order_by()
    if typed.identifier:
        yield from patients.with_identifier(typed.identifier)
    in_order = patients.order_by("family_key", "given_key", "pk")
    if typed.birth_date:
        yield from in_order.filter(birth_date=typed.birth_date)[:_CANDIDATES]
    # Those of the very name first, also with the two the other way round, as people write them: however many begin
    # alike, they are among those that are looked at.
    names = (typed.family, typed.given)
    heads = {name[:HEAD] for name in names if len(name) >= HEAD}
    if all(names) and heads:
        yield from in_order.filter(family_head__in=heads, family_key__in=names, given_key__in=names)[:_CANDIDATES]
    if len(typed.family) >= HEAD:
        begins = {"family_key__startswith": typed.family, "given_key__startswith": typed.given}
        yield from in_order.filter(family_head=typed.family[:HEAD], **begins)[:_CANDIDATES]


def _why(patient: Patient, typed: Typed) -> str:
    if typed.identifier.lower() == patient.identifier.lower():
        return SAME_IDENTIFIER
    names = (typed.given, typed.family)
    same_day = typed.birth_date is not None and patient.birth_date == typed.birth_date
    if all(names) and sorted(names) == sorted((patient.given_key, patient.family_key)):
        return SAME_PERSON if same_day else SAME_NAME
    if same_day and _alike(patient, typed):
        return SAME_BIRTH_DATE_AND_NAME
    if same_day and not any(names):
        return SAME_BIRTH_DATE
    begins = patient.family_key.startswith(typed.family) and patient.given_key.startswith(typed.given)
    if len(typed.family) >= HEAD and begins and not (typed.birth_date and patient.birth_date):
        return NAME_BEGINS_ALIKE
    return ""


def _alike(patient: Patient, typed: Typed) -> bool:
    """One of the names typed so far is one of the patient's, but for a slip of the pen or for what is still missing."""
    known = (patient.family_key, patient.given_key)
    return any(_is_like(name, key) for name in (typed.family, typed.given) if name for key in known)


def _is_like(name: str, key: str) -> bool:
    return key.startswith(name) or SequenceMatcher(None, name, key).ratio() >= _ALIKE
