"""The body map on pages: to choose a place on, or small beside a lesion."""

from django import template

from cases import body_map
from cases.models import Lesion

register = template.Library()


@register.inclusion_tag("body/_map.html")
def choose_on_body() -> dict[str, object]:
    return {"regions": body_map.REGIONS, "width": body_map.WIDTH, "height": body_map.HEIGHT}


@register.inclusion_tag("body/_symbol.html")
def body_outline() -> dict[str, object]:
    """Once on a page that shows small maps: each of them refers to it."""
    return {"outline": body_map.OUTLINE, "width": body_map.WIDTH, "height": body_map.HEIGHT}


@register.inclusion_tag("body/_small.html")
def body_place(lesion: Lesion) -> dict[str, object]:
    """Where the lesion is: the shape of its site and, where somebody pointed at it, the point."""
    point = None
    if lesion.body_x is not None and lesion.body_y is not None:
        point = (round(lesion.body_x * body_map.WIDTH, 1), round(lesion.body_y * body_map.HEIGHT, 1))
    shapes = body_map.shapes_of(lesion.site, lesion.laterality)
    return {"shapes": shapes, "point": point, "width": body_map.WIDTH, "height": body_map.HEIGHT}
