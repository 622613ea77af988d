"""Pictures of other patients of the clinic that may be the one at hand: by their bytes, or by how they look."""

from collections.abc import Iterator
from functools import reduce
from operator import or_
from typing import NamedTuple
from uuid import UUID

from django.db.models import Q, QuerySet

from cases.models import AuditEvent, LesionImage, Patient, User
from cases.models.image import BANDS
from cases.permissions import visible_images
from cases.pictures import LEAST_LIKENESS, MOST_BITS, Picture, brightness, differing_bits, likeness
from cases.vocabulary import Action

MOST_COMPARED = 64  # of a clinic with very many pictures only the nearest are looked at
_DIGITS = 4  # of the hash in each band


class Twin(NamedTuple):
    image: LesionImage
    same_bytes: bool


def same_bytes_elsewhere(patient: Patient, sha256: str) -> Twin | None:
    """The newest image of another patient that came from the very same file."""
    others = _of_others(patient)
    found = others.filter(sha256=sha256).order_by("-uploaded_at").first()
    return Twin(found, same_bytes=True) if found else None


def look_alike_elsewhere(patient: Patient, picture: Picture) -> Twin | None:
    """The first image of another patient that looks the same, those with the likest hash tried first.

    Asked again about the same picture, it looks only at what was filed since.
    """
    nearest = [pk for pk in _nearest(patient, picture.phash) if pk not in picture.unlike]
    if not nearest:
        return None
    seen = brightness(picture.thumbnail)
    images = _of_others(patient).in_bulk(nearest)
    for image in (images[pk] for pk in nearest if pk in images):
        if likeness(seen, _thumbnail_of(image)) >= LEAST_LIKENESS:
            return Twin(image, same_bytes=False)
        picture.unlike.add(image.pk)
    return None


def overridden_twin(user: User, image: LesionImage) -> LesionImage | None:
    """The picture of another patient in spite of which this one was filed; None where there was none."""
    if not image.override_reason:
        return None
    event = AuditEvent.objects.about(image.pk).filter(action=Action.IMAGE_OVERRIDDEN).last()
    found = visible_images(user).select_related("case__patient")
    return found.filter(pk=event.payload["also"]).first() if event else None


def _nearest(patient: Patient, phash: str) -> list[UUID]:
    """By the bands' indexes: two hashes of up to three differing bits share one, and most with some more do."""
    bands = ({band: phash[place * _DIGITS :][:_DIGITS]} for place, band in enumerate(BANDS))
    sharing = _of_others(patient).filter(reduce(or_, (Q(**band) for band in bands)))
    hashes: Iterator[tuple[UUID, str]] = sharing.order_by().values_list("pk", "phash").iterator()
    near = sorted((bits, pk) for pk, other in hashes if (bits := differing_bits(phash, other)) <= MOST_BITS)
    return [pk for _, pk in near[:MOST_COMPARED]]


def _of_others(patient: Patient) -> QuerySet[LesionImage]:
    elsewhere = LesionImage.objects.filter(case__patient__clinic=patient.clinic_id).exclude(case__patient=patient)
    return elsewhere.select_related("case__patient")


def _thumbnail_of(image: LesionImage) -> bytes:
    try:
        with image.thumbnail.open("rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""  # a lost file is no evidence
