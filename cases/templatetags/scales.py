"""The scale of an image in words."""

from decimal import Decimal

from django import template

from cases.models import LesionImage

register = template.Library()


@register.filter
def scale_words(image: LesionImage) -> str:
    """ "0.02 mm per pixel, 12.0 × 9.0 mm in all", or that nobody knows."""
    if image.pixel_spacing is None:
        return "not known"
    across, down = (image.pixel_spacing * side for side in (image.width, image.height))
    return f"{plain(image.pixel_spacing)} mm per pixel, {across:.1f} × {down:.1f} mm in all"


@register.filter
def plain(value: Decimal) -> str:
    """Without the zeros that the database adds, and never with an exponent."""
    return f"{value.normalize():f}"
