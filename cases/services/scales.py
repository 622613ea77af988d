"""How large a pixel of an image is: said outright, measured over a known length, or taken back.

Nothing is analysed again for it: diameters are kept in pixels, and become millimetres where they are shown.
"""

from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from cases.errors import Conflict
from cases.models import ImageScale, LesionImage, User
from cases.models.image import LEAST_SPACING, MOST_SPACING
from cases.permissions import ensure_may, find, visible_images
from cases.services import audit
from cases.services.checks import Problems
from cases.vocabulary import Action, ImageType, ScaleBasis

SHORTEST_LINE = 20  # pixels: over fewer, a slip of one at either end moves every diameter by more than a tenth
LONGEST_MM = Decimal(5000)
# Millimetres across a picture, from the smallest field to the largest. A dermatoscope's span no more than a factor of
# ten, so that a slip of the decimal point falls outside: 20 mm are neither 2 nor 200.
_ACROSS = {ImageType.DERMOSCOPIC: (4, 40)}
_ACROSS_OTHERS = (5, 4000)
_DIGITS = Decimal("0.000001")


def set_scale(
    *,
    actor: User,
    image: LesionImage,
    basis: str,
    pixel_spacing: Decimal | None = None,
    length_mm: Decimal | None = None,
    length_px: Decimal | None = None,
) -> tuple[ImageScale, bool]:
    """Say how large a pixel of the stored picture is, whatever became of its case; with it, whether that is new.

    `stated` needs `pixel_spacing` in millimetres; `ruler` needs a known `length_mm` and the `length_px` that it covers;
    `unknown` takes back what was said. What was said before stays on record. The same again changes nothing.
    """
    ensure_may(actor, "set_scale")
    said = _checked(basis, pixel_spacing, length_mm, length_px)
    with transaction.atomic():
        image = _held(actor, image)
        problems = Problems()
        check_width(problems, said["pixel_spacing"], image.image_type, image.width)
        problems.raise_if_any()
        newest = image.scales.first()
        same = newest and all(getattr(newest, field) == value for field, value in said.items())
        if same and image.pixel_spacing == said["pixel_spacing"]:
            return newest, False
        return keep_scale(actor, image, **said), True


def keep_sent_scale(*, actor: User, image: LesionImage, pixel_spacing: Decimal | None) -> LesionImage:
    """What was sent along with a picture that is in its case already: kept where there is none, never for another."""
    if pixel_spacing is None:
        return image
    with transaction.atomic():
        image = _held(actor, image)
        if image.pixel_spacing is not None and image.pixel_spacing != pixel_spacing:
            raise Conflict(
                f"This picture is already in the case, at {image.pixel_spacing.normalize():f} mm per pixel. To say "
                f"another scale, set it for that image: POST /api/v1/images/{image.pk}/scales/.",
                existing=image,
            )
        if image.pixel_spacing is None:
            problems = Problems()
            check_width(problems, pixel_spacing, image.image_type, image.width)
            problems.raise_if_any()
            keep_scale(actor, image, basis=ScaleBasis.STATED, pixel_spacing=pixel_spacing)
    return image


def keep_scale(
    actor: User,
    image: LesionImage,
    *,
    basis: str,
    pixel_spacing: Decimal | None,
    length_mm: Decimal | None = None,
    length_px: Decimal | None = None,
) -> ImageScale:
    """The row, the image and the trail say the same. The caller holds the image, in a transaction."""
    before, image.pixel_spacing = image.pixel_spacing, pixel_spacing
    image.save(update_fields=["pixel_spacing"])
    lines = {"length_mm": length_mm, "length_px": length_px}
    scale = ImageScale.objects.create(
        image=image, basis=basis, pixel_spacing=pixel_spacing, set_by=actor, created_at=_after_all(image), **lines
    )
    told = {"before": before, "pixel_spacing": pixel_spacing, **lines}
    payload = {"case": str(image.case_id), "basis": str(basis)}
    payload |= {name: str(value) for name, value in told.items() if value is not None}
    audit.record(clinic=image.case.clinic, actor=actor, action=Action.IMAGE_SCALED, about=image, payload=payload)
    return scale


def _held(actor: User, image: LesionImage) -> LesionImage:
    images = visible_images(actor).select_related("case__patient__clinic")
    return find(images.select_for_update(of=("self",), no_key=True), image.pk)


def _after_all(image: LesionImage) -> datetime:
    """Now, or just after the newest row: of several servers one has a clock that is behind."""
    newest = image.scales.first()
    return max(timezone.now(), newest.created_at + timedelta(microseconds=1)) if newest else timezone.now()


def check_spacing(problems: Problems, spacing: Decimal | None) -> None:
    """Is it possible at all? Asked before the picture is there."""
    if spacing is not None and not LEAST_SPACING <= spacing <= MOST_SPACING:
        problems.add(
            "pixel_spacing",
            f"Millimetres per pixel from {LEAST_SPACING} to {MOST_SPACING}: 20 mm across 4,000 pixels are 0.005.",
        )


def check_width(problems: Problems, spacing: Decimal | None, image_type: str, width: int) -> None:
    """Does it fit this picture? A slip of the decimal point makes a lesion ten times as large."""
    if spacing is None:
        return
    least, most = _ACROSS.get(ImageType(image_type), _ACROSS_OTHERS)
    across = spacing * width
    if not least <= across <= most:
        problems.add(
            "pixel_spacing",
            f"By its scale the whole picture would be {across:,.1f} mm wide. A {ImageType(image_type).label.lower()} "
            f"image is {least} to {most:,} mm wide: check the scale, its decimal point, and the kind of the image.",
        )


def _checked(
    basis: str, pixel_spacing: Decimal | None, length_mm: Decimal | None, length_px: Decimal | None
) -> dict[str, object]:
    problems = Problems()
    problems.choice("basis", basis, ScaleBasis)
    if basis == ScaleBasis.RULER:
        pixel_spacing = _of_the_line(problems, length_mm, length_px)
        problems.raise_if_any()
        return {"basis": basis, "pixel_spacing": pixel_spacing, "length_mm": length_mm, "length_px": length_px}
    if basis == ScaleBasis.STATED and pixel_spacing is None:
        problems.add("pixel_spacing", "Say how many millimetres a pixel has, such as 0.02.")
    if basis == ScaleBasis.STATED:
        check_spacing(problems, pixel_spacing)
    problems.raise_if_any()
    return {"basis": basis, "pixel_spacing": pixel_spacing if basis == ScaleBasis.STATED else None}


def _of_the_line(problems: Problems, length_mm: Decimal | None, length_px: Decimal | None) -> Decimal | None:
    if length_mm is None or not 0 < length_mm <= LONGEST_MM:
        problems.add("length_mm", f"Say how many millimetres the line covers: above 0, at most {LONGEST_MM}.")
    if length_px is None or length_px < SHORTEST_LINE:
        problems.add("length_px", f"Draw a line of {SHORTEST_LINE} pixels or more: a longer one measures more exactly.")
    if problems.found:
        return None
    spacing = (length_mm / length_px).quantize(_DIGITS)
    check_spacing(problems, spacing)
    return spacing
