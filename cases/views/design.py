"""The living page of the design system: the product's own pieces, with invented words in them."""

from datetime import date, timedelta
from typing import Any, NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from cases.forms.patients import PatientForm
from cases.models import Case, Patient, User
from cases.models.analysis import Step
from cases.selectors.home import Part
from cases.selectors.results import Probability
from cases.selectors.worklist import WorklistRow
from cases.states import CaseState
from cases.theme import themes
from cases.views.access import requires
from cases.vocabulary import Diagnosis, Tier
from cases.wording import SCC_NOTE, is_malignant
from inference.vocabulary import SEVERITY

_SHARES = dict(zip(SEVERITY, (0.58, 0.04, 0.02, 0.31, 0.04, 0.01, 0.0), strict=True))


class Seen(NamedTuple):
    """A row of the queue."""

    tier: str
    malignancy: float | None
    why: str
    hours: int
    holder: str = ""


_SEEN = (
    Seen(Tier.URGENT, 0.81, "Melanoma in the prediction set (mel). It has waited longer than the others.", 3),
    Seen("", None, "The network refused: the image is out of focus. Nobody has looked yet.", 1),
    Seen(Tier.SOON, 0.47, "Basal cell carcinoma in the prediction set (bcc, bkl).", 2, "a.colleague"),
    Seen(Tier.ROUTINE, 0.05, "No malignant diagnosis in the prediction set (nv).", 5, "me"),
)


@requires("view_design")
@require_safe
def design(request: HttpRequest) -> HttpResponse:
    day, night = themes()
    patient = Patient(pseudonym="P-00000000", birth_date=date(1957, 3, 14), sex="female")
    states = [_case(patient, state=state) for state in CaseState]
    context = {
        "patient": patient,
        "case": _case(patient),
        "themes": (day, night),
        "sizes": day.starting("f"),
        "spaces": day.starting("s"),
        "tiers": [*Tier.values, ""],
        "states": states,
        "cut": Part(states[2:5], 9),
        "rows": [_row(patient, seen) for seen in _SEEN],
        "steps": _steps(),
        "tones": ("info", "success", "warning", "error"),
        "alerts": ("danger", "warning", "info", "success"),
        "form": PatientForm({"identifier": "", "given_name": "", "family_name": "Invented", "sex": "female"}),
        "blank": PatientForm(),
        "results": [(Probability(c, Diagnosis(c).label, p, p > 0.3), is_malignant(c)) for c, p in _SHARES.items()],
        "coverage": "90 %",
        "scc_note": SCC_NOTE,
        "model": {"name": "invented", "version": "0.0"},
        "keys": (("J", "next"), ("K", "previous"), ("?", "all keys")),
    }
    return render(request, "design/design.html", context)


def _case(patient: Patient, **fields: Any) -> Case:
    case = Case(patient=patient, reason="Invented for this page.", created_at=timezone.now(), **fields)
    case._prefetched_objects_cache = {"images": [], "retakes": []}  # noqa: SLF001  the database is asked nothing
    return case


def _row(patient: Patient, seen: Seen) -> WorklistRow:
    state = CaseState.IN_REVIEW if seen.holder else CaseState.READY
    case = _case(patient, tier=seen.tier, malignancy=seen.malignancy, flag_threshold=0.18, state=state)
    case.claimed_by = User(username=seen.holder) if seen.holder else None
    held = {"held_by_me": seen.holder == "me", "held_by_other": seen.holder not in ("", "me")}
    return WorklistRow(case, 1, flagged=True, reason=seen.why, waiting=timedelta(hours=seen.hours), **held)


def _steps() -> dict[str, Any]:
    """An image that the network is looking at."""
    standings = ("done", "done", "current", "waiting", "waiting")
    return {"analysis": {"state": "running"}, "steps": list(zip(Step, standings, strict=True)), "place": 2}
