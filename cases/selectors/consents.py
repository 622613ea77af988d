"""What a patient agreed to. Where nothing is recorded, all stays as it was before answers were kept."""

from typing import NamedTuple

from cases.models import Consent, Patient
from cases.vocabulary import ConsentAnswer, Purpose

_UNRECORDED = {
    Purpose.CARE: "not recorded",
    Purpose.AI: "not recorded: images are analysed until it is refused",
    Purpose.RESEARCH: "not recorded: nothing is used",
}


class Standing(NamedTuple):
    """One purpose, the answer to it that counts (None: nothing recorded), and that in words."""

    purpose: Purpose
    latest: Consent | None
    words: str


def standing_of(patient: Patient) -> list[Standing]:
    newest: dict[str, Consent] = {}
    for consent in patient.consents.select_related("recorded_by"):  # the last decided first
        newest.setdefault(consent.purpose, consent)
    return [Standing(purpose, newest.get(purpose), _words(purpose, newest.get(purpose))) for purpose in Purpose]


def latest_answer(patient: Patient, purpose: Purpose) -> str:
    """ "given", "refused", or "" where nothing was recorded; what was decided last, not what was entered last."""
    return patient.consents.filter(purpose=purpose).values_list("answer", flat=True).first() or ""


def refuses_ai(patient: Patient) -> bool:
    return latest_answer(patient, Purpose.AI) == ConsentAnswer.REFUSED


def _words(purpose: Purpose, latest: Consent | None) -> str:
    return _UNRECORDED[purpose] if latest is None else latest.get_answer_display().lower()
