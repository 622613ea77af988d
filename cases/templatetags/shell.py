"""What the frame of every page asks: who is this, where may they go, what does a word look like."""

from datetime import datetime
from typing import NamedTuple

from django import template
from django.forms import BoundField, CheckboxInput, RadioSelect, Select
from django.forms.boundfield import BoundWidget
from django.forms.utils import flatatt
from django.template.context import RequestContext
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from cases import permissions
from cases.models import Analysis, Case, Lesion, Patient
from cases.selectors.progress import CaseProgress
from cases.states import ASSESSABLE_CASE, AnalysisState
from cases.vocabulary import Answer, Laterality, Role, Sex
from cases.wording import SCC_NOTE, refusal_for_staff

register = template.Library()


class Place(NamedTuple):
    """An entry of the main navigation; `pages` are the address names below it."""

    label: str
    page: str
    act: str
    pages: tuple[str, ...] = ()


PLACES = (
    Place("Home", "home", "view_home", ("home_list",)),
    Place(
        "Queue",
        "worklist",
        "view_worklist",
        ("reading", "claim", "sign", "release", "request_images", "withdraw_request"),
    ),
    Place(
        "Patients",
        "patients",
        "view_patients",
        ("find_patients", "register_patient", "patient", "new_case", "open_case", "intake", "decline_retake", "case"),
    ),
    Place("Audit", "audit", "view_audit"),
    Place("Models", "models", "view_models", ("model",)),
)


@register.inclusion_tag("_navigation.html", takes_context=True)
def navigation(context: RequestContext) -> dict[str, object]:
    """The places that the person's role may enter, with the present one marked."""
    request = context["request"]
    here = request.resolver_match.url_name if request.resolver_match else ""
    entries = [
        {"label": place.label, "url": reverse(f"cases:{place.page}"), "here": here in (place.page, *place.pages)}
        for place in PLACES
        if permissions.may(request.user, place.act)
    ]
    return {"entries": entries}


@register.filter
def may(user: object, act: str) -> bool:
    """Does the person's role carry this act? Only to show or hide a control; the service decides."""
    return permissions.may(user, act)


@register.filter
def role_name(user: object) -> str:
    return Role(user.role).label.lower() if user.role else "no role"


_CLASSES = ((CheckboxInput, "form-check-input"), (RadioSelect, ""), (Select, "form-select"))


@register.simple_tag
def control(field: BoundField) -> SafeString:
    """A form field as a Bootstrap control, tied to its errors for screen readers."""
    look = next((look for kind, look in _CLASSES if isinstance(field.field.widget, kind)), "form-control")
    described = [f"{field.auto_id}_helptext"] if field.help_text else []
    described += [f"{field.auto_id}_error_{place}" for place, _ in enumerate(field.errors, start=1)]
    attributes = {"class": f"{look} is-invalid" if field.errors else look}
    if described:
        attributes["aria-describedby"] = " ".join(described)
    return field.as_widget(attrs=attributes)


@register.simple_tag
def radio(choice: BoundWidget) -> SafeString:
    """What `choice.tag` draws, without four templates for each: the reading room has dozens of them."""
    kept = choice.data
    return format_html(
        '<input type="radio" name="{}" value="{}"{}>', kept["name"], kept["value"], flatatt(kept["attrs"])
    )


@register.filter
def age_and_sex(patient: Patient) -> str:
    """As in a list: "67 · female", and "unknown" said where it is."""
    age = patient.age_on(timezone.localdate())
    years = "age unknown" if age is None else str(age)
    return f"{years} · {'sex unknown' if patient.sex == Sex.UNKNOWN else patient.get_sex_display().lower()}"


@register.filter
def file_size(size: int) -> str:
    """As people say it: "6.4 MB", "28 kB"."""
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size / 1e3:.0f} kB"


@register.filter
def place(lesion: Lesion) -> str:
    """Where on the skin, as people say it: "back, left"."""
    if lesion.laterality == Laterality.UNKNOWN:
        return lesion.get_site_display().lower()
    return f"{lesion.get_site_display().lower()}, {lesion.get_laterality_display().lower()}"


_SYMPTOMS = {
    "itch": "Itches",
    "grew": "Has grown",
    "bled": "Has bled",
    "hurt": "Hurts",
    "changed": "Has changed",
    "elevated": "Is raised",
}


@register.filter
def history(case: Case) -> list[tuple[str, str]]:
    """Each symptom in words, with its answer."""
    return [(_SYMPTOMS[symptom], Answer(answer).label) for symptom, answer in case.symptoms.items()]


@register.simple_tag
def scc_note() -> str:
    """Stands wherever a result of the network can be seen."""
    return SCC_NOTE


@register.filter
def refusal(analysis: Analysis) -> str:
    return refusal_for_staff(analysis)


@register.filter
def takes_results(case: Case) -> bool:
    """Would a new result still reach somebody?"""
    return case.state in ASSESSABLE_CASE


@register.filter
def fingerprint(progress: CaseProgress) -> str:
    """What a page has seen of the progress: the same again needs no answer, so nothing on the page moves."""
    rows = [(row.analysis.state, row.step, row.place) for row in progress.images if row.analysis]
    return "|".join(f"{state} {step.value} {place or 0}" for state, step, place in rows)


@register.filter
def outcome(progress: CaseProgress) -> str:
    """How it went, once it is over: "1 assessed, 1 without an answer"."""
    states = [row.analysis.state for row in progress.images if row.analysis and not row.replaced]
    counts = [
        (states.count(AnalysisState.SUCCEEDED), "assessed"),
        (states.count(AnalysisState.ABSTAINED), "without an answer"),
        (states.count(AnalysisState.FAILED), "failed"),
    ]
    words = ", ".join(f"{count} {word}" for count, word in counts if count)
    return f"{len(states)} image{'s' if len(states) > 1 else ''}: {words}"


@register.filter
def day_or_time(moment: datetime) -> str:
    """In a list of work: the time of what is of today, the day of everything else."""
    local = timezone.localtime(moment)
    return f"{local:%H:%M}" if local.date() == timezone.localdate() else f"{local.day} {local:%b %Y}"
