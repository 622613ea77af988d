"""Numbers of the queue and the reading room as people read them, and as bars in SVG attributes."""

from datetime import timedelta

from django import template
from django.utils import timezone
from django.utils.formats import date_format

from cases.models import Patient, RetakeRequest
from cases.templatetags.shell import place
from cases.vocabulary import Action
from cases.wording import SHORT_NAMES, quality_hint, quality_note

register = template.Library()

# Log-odds at which a bar is full: a factor of about 150 either way.
_FULL = 5.0


@register.filter
def score(value: float) -> str:
    return f"{value:.2f}"


@register.filter
def signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")


@register.filter
def percent(value: float) -> str:
    """A share as the length of a bar that is 100 long."""
    return f"{value * 100:.1f}"


@register.filter
def whole(value: float) -> str:
    return f"{value:.0%}".replace("%", " %")


@register.filter
def hundredths(value: float) -> str:
    return f"{value * 100:.0f}"


@register.filter
def unround(value: float) -> str:
    """For scripts: a point, whatever the language of the page."""
    return f"{value:.4f}"


@register.filter
def age_today(patient: Patient) -> str:
    age = patient.age_on(timezone.localdate())
    return "age unknown" if age is None else str(age)


@register.filter
def action_label(action: str) -> str:
    """In words; an action that later versions no longer know keeps its code."""
    return Action(action).label if action in Action.values else action


@register.filter
def asked_for(retake: RetakeRequest) -> str:
    """ "New image of L1, back, left: out of focus"."""
    why = retake.get_reason_display()
    if retake.image is None:
        return f"One more image: {why[0].lower()}{why[1:]}"
    return f"New image of {retake.image.lesion}, {place(retake.image.lesion)}: {why[0].lower()}{why[1:]}"


@register.filter
def came_of_it(retake: RetakeRequest) -> str:
    """How a request ended; what was answered in free words stands beside it."""
    if retake.is_open:
        return "Not answered yet"
    when = date_format(timezone.localtime(retake.ended_at), "j M Y, H:i")
    if retake.cancelled_at:
        return f"Taken back by {retake.cancelled_by}, {when}"
    ending = f"No image: {retake.get_unable_display().lower()}" if retake.unable else "The new image came"
    return f"{ending} ({retake.answered_by}, {when})"


@register.filter
def dx_name(code: str) -> str:
    return SHORT_NAMES[code].capitalize()


@register.filter
def waited(time: timedelta) -> str:
    """How long somebody has waited: two units at most."""
    minutes = max(int(time.total_seconds() // 60), 0)
    days, hours = minutes // 1440, minutes // 60 % 24
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes % 60:02} min" if hours else f"{minutes} min"


@register.filter
def bar_width(moved: float) -> str:
    return f"{_half(moved):.1f}"


@register.filter
def bar_start(moved: float) -> str:
    """Where a bar begins that grows from the middle of 100, to the left for what speaks against."""
    return f"{50 - _half(moved) if moved < 0 else 50:.1f}"


def _half(moved: float) -> float:
    return min(abs(moved) / _FULL, 1.0) * 50


register.filter(quality_note)
register.filter(quality_hint)
