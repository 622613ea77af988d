"""Which veiled images a person has asked to see. Pages draw a veil over the others; no bytes of them are sent."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from cases.errors import Veiled
from cases.models import LesionImage, User
from cases.permissions import visible_reveals
from cases.vocabulary import Veil


def with_veils(user: User, images: Iterable[LesionImage]) -> list[LesionImage]:
    """The same images, each knowing until when it is shown to this person. Asks only where there is a veil."""
    images = list(images)
    veiled = [image.pk for image in images if image.veil]
    shown = _shown(user, veiled) if veiled else {}
    for image in images:
        image.shown_until = shown.get(image.pk)
    return images


def ensure_shown(user: User, image: LesionImage) -> None:
    """In front of every byte of an image, and of what is laid over it."""
    if with_veils(user, [image])[0].is_veiled:
        raise Veiled(f"This image is veiled: {veil_words(image.veil)}. Ask to show it first; showing is recorded.")


def veil_words(veil: list[Veil]) -> str:
    """ "genital area and recognisable person"."""
    return " and ".join(each.label for each in veil)


def reveal_minutes() -> int:
    """For how long an image stays shown at most."""
    return max(round(settings.REVEAL_SECONDS / 60), 1)


def _shown(user: User, images: list[UUID]) -> dict[UUID, datetime]:
    mine = visible_reveals(user).open(timezone.now()).filter(image__in=images)
    return dict(mine.order_by("until").values_list("image", "until"))
