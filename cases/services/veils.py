"""Lifting the veil from an image for one person, and letting it fall again."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from cases.errors import Conflict, InvalidInput
from cases.models import LesionImage, Reveal, User
from cases.permissions import ensure_may, ensure_visible, find, visible_images, visible_reveals
from cases.services import audit
from cases.services.wrong_patient import LONGEST, SHORTEST
from cases.vocabulary import Action


def reveal_image(*, viewer: User, image: LesionImage) -> Reveal:
    """Show a veiled image to this person for a while. Asked for again meanwhile, it is the same reveal."""
    ensure_may(viewer, "reveal_image")
    ensure_visible(visible_images(viewer), image)
    if not image.veil:
        raise Conflict("This image has no veil: it is shown as it is.")
    now = timezone.now()
    with transaction.atomic():
        audit.hold(image.case.clinic)  # of two clicks the second sees the first
        known = Reveal.objects.open(now).filter(viewer=viewer, way_in=viewer.way_in, image=image).first()
        return known or _reveal(viewer, image, now)


def mark_recognisable(*, actor: User, image: LesionImage, recognisable: bool, reason: str = "") -> LesionImage:
    """Say of an image, whatever became of its case, whether a person can be recognised in it.

    To veil it is free. To lift that veil for good needs a reason, and an eye on the image.
    """
    ensure_may(actor, "mark_recognisable")
    reason = reason.strip()
    with transaction.atomic():
        images = visible_images(actor).select_related("case__patient__clinic", "lesion")
        image = find(images.select_for_update(of=("self",), no_key=True), image.pk)
        if image.recognisable == recognisable:
            return image
        if not recognisable:
            _check_reason(reason)
            ensure_seen(actor, image)
        image.recognisable = recognisable
        image.save(update_fields=["recognisable"])
        payload = {"case": str(image.case_id), "recognisable": recognisable}
        clinic, why = image.case.clinic, "" if recognisable else reason
        audit.record(clinic=clinic, actor=actor, action=Action.IMAGE_MARKED, about=image, payload=payload, purpose=why)
    return image


def ensure_seen(viewer: User, image: LesionImage) -> None:
    """Whoever says that nobody can be recognised has to have the image before them, which is an event of its own."""
    if not visible_reveals(viewer).open(timezone.now()).filter(image=image).exists():
        raise InvalidInput({"recognisable": "Show the image first, then say that nobody can be recognised in it."})


def _check_reason(reason: str) -> None:
    if not SHORTEST <= len(reason) <= LONGEST:
        raise InvalidInput({"reason": f"Say in {SHORTEST} to {LONGEST} characters why nobody can be recognised."})


def veil_again(*, viewer: User, but: QuerySet[LesionImage] | None = None) -> int:
    """The person turned to something else: what they had asked to see is veiled again, `but` what they look at now.

    What another sign-in of theirs looks at stays; without a sign-in, all of it goes.
    """
    now = timezone.now()
    this_one = Q(way_in=viewer.way_in) if viewer.way_in else Q()
    shown = Reveal.objects.open(now).filter(this_one, viewer=viewer)
    if not shown.exists():  # nearly always: a page that is read shall not wait for those who write
        return 0
    return shown.exclude(image__in=but).update(until=now) if but is not None else shown.update(until=now)


def _reveal(viewer: User, image: LesionImage, now: datetime) -> Reveal:
    until = now + timedelta(seconds=settings.REVEAL_SECONDS)
    made = Reveal.objects.create(viewer=viewer, way_in=viewer.way_in, image=image, revealed_at=now, until=until)
    audit.record(
        clinic=image.case.clinic,
        actor=viewer,
        action=Action.IMAGE_REVEALED,
        about=image,
        payload={"case": str(image.case_id), "veil": [str(each) for each in image.veil], "until": until.isoformat()},
    )
    return made
