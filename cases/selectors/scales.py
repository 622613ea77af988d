"""What a known scale makes of an image: diameters in millimetres, and who says so."""

from typing import Any

from cases.models import Explanation, ImageScale, LesionImage, User
from cases.permissions import visible_image_scales


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


def _millimetres(descriptors: dict[str, Any], image: LesionImage) -> float | None:
    pixels = descriptors.get("diameter_px")  # results from before it was kept have none
    if pixels is None or image.pixel_spacing is None:
        return None
    return float(pixels) * float(image.pixel_spacing)
