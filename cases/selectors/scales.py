"""What a known scale makes of an image: diameters in millimetres, and who says so."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.db.models import F, QuerySet

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
    """The clinic's last few scales of other images of this kind and size, for a person to choose one, newest first.

    Same kind and size speak for the same device, and prove nothing. Of scales that are nearly the same one stands for
    all: measured rather than stated, then the newest. What was taken back or corrected since is none.
    """
    alike = {"image__image_type": image.image_type, "image__width": image.width, "image__height": image.height}
    holding = visible_image_scales(user).filter(**alike, pixel_spacing=F("image__pixel_spacing"))
    newest = holding.exclude(image=image).values_list("pk", "basis", "pixel_spacing")[:_LOOKED_AT]
    chosen = _distinct(sorted(newest, key=lambda scale: scale[1] != ScaleBasis.RULER))
    return visible_image_scales(user).filter(pk__in=chosen).select_related("image__case", "set_by")


def _distinct(scales: Iterable[tuple[Any, str, Decimal]]) -> list[Any]:
    chosen: dict[Any, Decimal] = {}
    for pk, _, spacing in scales:
        if len(chosen) < _SUGGESTED and all(abs(spacing - one) > _AS_GOOD_AS_SAME * one for one in chosen.values()):
            chosen[pk] = spacing
    return list(chosen)


def _millimetres(descriptors: dict[str, Any], image: LesionImage) -> float | None:
    pixels = descriptors.get("diameter_px")  # results from before it was kept have none
    if pixels is None or image.pixel_spacing is None:
        return None
    return float(pixels) * float(image.pixel_spacing)
