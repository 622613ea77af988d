"""What may still be put right about an image as long as the network has not been asked about it."""

from functools import partial

from django.db import transaction

from cases.errors import Conflict
from cases.models import LesionImage, QualityCheck, User
from cases.permissions import ensure_may, find, visible_images
from cases.services import audit
from cases.services.checks import Problems
from cases.services.intake import locked_case, refuse_unless_editable
from cases.services.scales import check_width
from cases.services.veils import ensure_seen
from cases.storage import private_storage
from cases.vocabulary import Action, DermoscopicType, ImageManipulation, ImageType

DESCRIPTION = ("image_type", "dermoscopic_type", "recognisable", "image_manipulation")


def describe_image(
    *,
    actor: User,
    image: LesionImage,
    image_type: str,
    dermoscopic_type: str = "",
    recognisable: bool | None = None,
    image_manipulation: str | None = None,
) -> LesionImage:
    """Correct what kind of image it is. A type that is not dermoscopic drops the dermoscopic one.

    A scale that was set before has to fit the new kind.

    What is None stays as it is. To take `recognisable` back needs the image shown to this person: an open reveal.
    """
    ensure_may(actor, "attach_image")
    problems = Problems()
    problems.choice("image_type", image_type, ImageType)
    problems.choice("dermoscopic_type", dermoscopic_type, DermoscopicType, blank=True)
    problems.choice("image_manipulation", image_manipulation or "", ImageManipulation, blank=True)
    problems.raise_if_any()
    with transaction.atomic():
        image = _unasked_image(actor, image)
        # Held, so that no scale is set in between that fits the former kind only.
        held = LesionImage.objects.select_for_update(no_key=True)
        image.refresh_from_db(fields=["pixel_spacing"], from_queryset=held)
        check_width(problems, image.pixel_spacing, image_type, image.width)
        problems.raise_if_any()
        if image.recognisable and recognisable is False:
            ensure_seen(actor, image)
        image.image_type = image_type
        image.dermoscopic_type = dermoscopic_type if image_type == ImageType.DERMOSCOPIC else ""
        image.recognisable = image.recognisable if recognisable is None else recognisable
        made = image.image_manipulation
        image.image_manipulation = made if image_manipulation is None else image_manipulation
        image.save(update_fields=DESCRIPTION)
        payload = {field: getattr(image, field) for field in DESCRIPTION}
        payload |= {"image_manipulation_before": made} if made != image.image_manipulation else {}
        audit.record(clinic=image.case.clinic, actor=actor, action=Action.IMAGE_DESCRIBED, about=image, payload=payload)
    return image


def remove_image(*, actor: User, image: LesionImage) -> None:
    """Take a picture out of a case before anybody was asked about it: a slip of the hand, not a clinical fact.

    The trail keeps that it was there, and the hash of its bytes.
    """
    ensure_may(actor, "attach_image")
    with transaction.atomic():
        image = _unasked_image(actor, image)
        payload = {"case": str(image.case_id), "sha256": image.stored_sha256}
        clinic, names = image.case.clinic, (image.file.name, image.thumbnail.name)
        audit.record(clinic=clinic, actor=actor, action=Action.IMAGE_REMOVED, about=image, payload=payload)
        image.reveals.all().delete()
        image.scales.all().delete()
        QualityCheck.objects.filter(image=image).delete()
        image.delete()
        for name in names:
            transaction.on_commit(partial(private_storage().delete, name), robust=True)


def _unasked_image(actor: User, image: LesionImage) -> LesionImage:
    """The image as it is now, its case held, as long as both may change."""
    image = find(visible_images(actor), image.pk)
    case = locked_case(actor, image.case)
    refuse_unless_editable(case)
    if image.analyses.exists():
        raise Conflict("This image was analysed and stays in the case. Add the right one beside it.")
    if case.paused_at and image.uploaded_at < case.paused_at:
        raise Conflict("This image was submitted before and stays in the case. Add the right one beside it.")
    image.case = case
    return image
