"""What a known scale makes of an image: diameters in millimetres, and who says so."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Exists, F, OuterRef, QuerySet

from cases.models import Explanation, ImageScale, LesionImage, User
from cases.permissions import visible_image_scales
from cases.vocabulary import ScaleBasis

_SUGGESTED = 3
_LOOKED_AT = 500  # of the newest
_AS_GOOD_AS_SAME = Decimal("0.02")  # a ruler read twice differs by so much


def descriptors_of(explanation: Explanation | None, image: LesionImage) -> dict[str, Any] | None:
    """What was measured on the lesion, with its diameter at the scale that holds now; None: nothing was measured."""
    if explanation is None or explanation.descriptors is None:
        return None
    return {**explanation.descriptors, "diameter_mm": _millimetres(explanation.descriptors, image)}


def newest_scale(user: User, image: LesionImage) -> ImageScale | None:
    """Who said it last, and how; without a scale there is nothing to ask."""
    if image.pixel_spacing is None:
        return None
    return visible_image_scales(user).filter(image=image).select_related("set_by").first()


def suggested_scales(user: User, image: LesionImage) -> QuerySet[ImageScale]:
    """The last few scales of other images of this kind and size, for a person to choose one, newest first.

    Same kind and size speak for the same device, and prove nothing. Of scales that are nearly the same one stands for
    all: measured rather than stated, then the newest. What was taken back or corrected since is none. Only the clinic's
    newest scales are looked at, of whatever images: what is older than those is not suggested.
    """
    looked_at = list(visible_image_scales(user).values_list("pk", flat=True)[:_LOOKED_AT])
    newer = ImageScale.objects.filter(image=OuterRef("image"), created_at__gt=OuterRef("created_at"))
    alike = {"image__image_type": image.image_type, "image__width": image.width, "image__height": image.height}
    newest = visible_image_scales(user).filter(~Exists(newer), pk__in=looked_at)
    holding = newest.filter(pixel_spacing=F("image__pixel_spacing"))
    chosen = _distinct(holding.filter(**alike).exclude(image=image))
    return visible_image_scales(user).filter(pk__in=chosen).select_related("image__case", "set_by")


def _distinct(scales: Iterable[ImageScale]) -> list[UUID]:
    """The first few that differ; the first measured one takes the place of a stated one that is nearly the same."""
    chosen: list[ImageScale] = []
    for scale in scales:
        place = next((at for at, one in enumerate(chosen) if _nearly_same(one, scale)), None)
        if place is None and len(chosen) < _SUGGESTED:
            chosen.append(scale)
        elif place is not None and (chosen[place].basis, scale.basis) == (ScaleBasis.STATED, ScaleBasis.RULER):
            chosen[place] = scale
    return [scale.pk for scale in chosen]


def _nearly_same(one: ImageScale, other: ImageScale) -> bool:
    return abs(one.pixel_spacing - other.pixel_spacing) <= _AS_GOOD_AS_SAME * one.pixel_spacing


def _millimetres(descriptors: dict[str, Any], image: LesionImage) -> float | None:
    pixels = descriptors.get("diameter_px")  # results from before it was kept have none
    if pixels is None or image.pixel_spacing is None:
        return None
    return float(pixels) * float(image.pixel_spacing)
