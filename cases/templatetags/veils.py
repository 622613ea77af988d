"""What stands where a veiled image would be."""

from collections.abc import Iterable
from datetime import datetime

from django import template
from django.utils import timezone

from cases.models import LesionImage
from cases.selectors.veils import reveal_minutes, veil_words

register = template.Library()


@register.filter
def veil(image: LesionImage) -> str:
    """Why it is veiled: "genital area"."""
    return veil_words(image.veil)


@register.filter
def first_veiled(images: Iterable[LesionImage]) -> LesionImage | None:
    return next((image for image in images if image.veil), None)


@register.simple_tag
def shown_for() -> str:
    minutes = reveal_minutes()
    return f"{minutes} minute{'s' if minutes > 1 else ''}"


@register.filter
def seconds_until(moment: datetime) -> int:
    return max(int((moment - timezone.now()).total_seconds()), 0)
