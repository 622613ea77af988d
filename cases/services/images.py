"""Uploads: a picture is stored whole with its row, or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from django.db import IntegrityError, transaction

from cases.errors import Conflict, StorageUnavailable
from cases.models import Case, Lesion, LesionImage, QualityCheck, User
from cases.permissions import ensure_may, ensure_visible, visible_cases, visible_lesions
from cases.pictures import Picture, clean_picture, sha256
from cases.services import audit
from cases.services.checks import Problems
from cases.services.intake import locked_case, refuse_unless_editable
from cases.services.quality import as_fields, measure
from cases.services.scales import check_spacing, check_width, keep_scale, keep_sent_scale
from cases.services.wrong_patient import check_reason, record_override, refuse_known_bytes, refuse_known_picture
from cases.storage import new_key, private_storage, removed_on_failure
from cases.vocabulary import Action, DermoscopicType, ImageManipulation, ImageType, ScaleBasis


def attach_image(
    *,
    actor: User,
    case: Case,
    lesion: Lesion,
    data: bytes,
    image_type: str,
    dermoscopic_type: str = "",
    recognisable: bool | None = None,
    image_manipulation: str = "",
    captured_at: datetime | None = None,
    pixel_spacing: Decimal | None = None,
    replaces: LesionImage | None = None,
    override_reason: str = "",
    picture: Picture | None = None,
) -> LesionImage:
    """Clean and store a picture of a lesion. The same bytes twice in one case are one image, and it is returned.

    `image_manipulation` says whether it was altered or generated; "" is a photograph as it was taken, and of a picture
    that is there already says nothing.
    `recognisable` says whether a person could be known by it; near the face it has to be said, elsewhere None is no.
    `pixel_spacing` is in millimetres; an image that replaces another inherits none.
    `replaces` is the image in whose stead this one was taken, where others were asked for.
    What another patient of the clinic already has needs an `override_reason`, or is refused as `FiledElsewhere`.
    A caller with a transaction of its own gives the `picture` that `clean_upload` made of the data before it.
    """
    details = {"image_type": image_type, "dermoscopic_type": dermoscopic_type, "captured_at": captured_at}
    details |= {"image_manipulation": image_manipulation, "replaces": replaces}
    reason = override_reason.strip()
    asked = {"override_reason": reason, "recognisable": recognisable, "pixel_spacing": pixel_spacing}
    ensure_attachable(actor, case, lesion, **asked, **details)
    known = already_there(case, lesion, sha256(data), replaces, image_manipulation)
    if known:
        return keep_sent_scale(actor=actor, image=known, pixel_spacing=pixel_spacing)
    # Before the transaction: it takes long, and nobody should wait for it.
    picture = picture or _clean_unless_known(actor, case, data, reason)
    _check_fits(picture, image_type, pixel_spacing)
    try:
        with _stored(picture) as files, transaction.atomic():
            case = locked_case(actor, case)
            refuse_unless_editable(case)
            if replaces is not None:
                _check_replaced(case, lesion, replaces)
            audit.hold(
                case.clinic
            )  # of two that file one picture at once under two patients, the second sees the first
            twin = refuse_known_picture(actor, case, picture, reason)
            kept = {**files, **details, "recognisable": bool(recognisable), "override_reason": reason if twin else ""}
            image = _file_away(actor, case, lesion, picture, **kept)
            if twin:
                record_override(actor, image, twin)
            if pixel_spacing is not None:
                keep_scale(actor, image, basis=ScaleBasis.STATED, pixel_spacing=pixel_spacing)
            return image
    except IntegrityError:
        # A double click: the other one was faster.
        known = already_there(case, lesion, picture.sha256, replaces, image_manipulation)
        if known is None:
            raise
        return keep_sent_scale(actor=actor, image=known, pixel_spacing=pixel_spacing)


def clean_upload(
    *,
    actor: User,
    case: Case,
    lesion: Lesion,
    data: bytes,
    replaces: LesionImage | None = None,
    **details: Any,
) -> Picture | None:
    """What `attach_image` would refuse is refused, the rest is ready to be stored; None: it is in the case already."""
    reason = details.pop("override_reason", "").strip()
    ensure_attachable(actor, case, lesion, replaces=replaces, override_reason=reason, **details)
    known = already_there(case, lesion, sha256(data), replaces, details.get("image_manipulation", ""))
    return None if known else _clean_unless_known(actor, case, data, reason)


def _clean_unless_known(actor: User, case: Case, data: bytes, reason: str) -> Picture:
    refuse_known_bytes(actor, case, sha256(data), reason)
    picture = clean_picture(data)
    refuse_known_picture(actor, case, picture, reason)
    return replace(picture, quality=measure(case.clinic, picture.data))


def ensure_attachable(
    actor: User,
    case: Case,
    lesion: Lesion,
    *,
    image_type: str,
    dermoscopic_type: str = "",
    recognisable: bool | None = None,
    captured_at: datetime | None = None,
    image_manipulation: str = "",
    pixel_spacing: Decimal | None = None,
    replaces: LesionImage | None = None,
    override_reason: str = "",
) -> None:
    ensure_may(actor, "attach_image")
    ensure_visible(visible_cases(actor), case)
    ensure_visible(visible_lesions(actor), lesion)
    problems = _problems(case, lesion, image_type, dermoscopic_type, captured_at)
    if recognisable is None and lesion.near_the_face:
        problems.add("recognisable", "Say whether a person can be recognised in it: the lesion is near the face.")
    problems.choice("image_manipulation", image_manipulation, ImageManipulation, blank=True)
    check_reason(problems, override_reason)
    check_spacing(problems, pixel_spacing)
    problems.raise_if_any()
    refuse_unless_editable(case)
    if replaces is not None:
        _check_replaced(case, lesion, replaces)


def _check_fits(picture: Picture, image_type: str, pixel_spacing: Decimal | None) -> None:
    problems = Problems()
    check_width(problems, pixel_spacing, image_type, picture.width)
    problems.raise_if_any()


def _check_replaced(case: Case, lesion: Lesion, replaced: LesionImage) -> None:
    problems = Problems()
    if replaced.case_id != case.pk or replaced.lesion_id != lesion.pk:
        problems.add("replaces", "Choose an image of the same lesion in this case.")
    elif not case.retakes.open().filter(image=replaced).exists():
        # What counts for the case is not the uploader's to choose.
        problems.add("replaces", "Nobody asked for another one of that image: add this as one more image.")
    problems.raise_if_any()


def _problems(
    case: Case, lesion: Lesion, image_type: str, dermoscopic_type: str, captured_at: datetime | None
) -> Problems:
    problems = Problems()
    problems.choice("image_type", image_type, ImageType)
    problems.choice("dermoscopic_type", dermoscopic_type, DermoscopicType, blank=True)
    if dermoscopic_type and image_type != ImageType.DERMOSCOPIC:
        problems.add("dermoscopic_type", "Only a dermoscopic image has a dermoscopic type.")
    if lesion.patient_id != case.patient_id:
        problems.add("lesion", "This lesion belongs to another patient than the case.")
    problems.past("captured_at", captured_at)
    return problems


def already_there(
    case: Case, lesion: Lesion, digest: str, replaces: LesionImage | None, image_manipulation: str
) -> LesionImage | None:
    known = LesionImage.objects.filter(case=case, sha256=digest).first()
    if known and replaces and known.pk == replaces.pk:
        raise Conflict("This is the very file that is to be replaced. Choose the new one.", existing=known)
    if known and replaces and known.replaces_id != replaces.pk:
        raise Conflict("This file is already in the case, and not in the stead of that image.", existing=known)
    if known and known.lesion_id != lesion.pk:
        raise Conflict("This file is already in the case, as an image of another lesion.", existing=known)
    if known and image_manipulation not in ("", known.image_manipulation):
        has = known.get_image_manipulation_display() or "As photographed"
        raise Conflict(
            f"This picture is already in the case, as “{has}”. To say that it is "
            f"“{ImageManipulation(image_manipulation).label}”, choose that in its row on the page of the draft.",
            existing=known,
        )
    return known


@contextmanager
def _stored(picture: Picture) -> Iterator[dict[str, str]]:
    """Both files, kept only if the block and every transaction around it succeed."""
    storage = private_storage()
    names = {"file": new_key(picture.suffix), "thumbnail": new_key(".jpg")}
    with removed_on_failure() as removed:
        # Named before they are written: a disk that fills up half-way leaves nothing behind.
        removed.extend(names.values())
        _write(storage, names["file"], picture.data)
        _write(storage, names["thumbnail"], picture.thumbnail)
        yield names


def _write(storage: FileSystemStorage, name: str, data: bytes) -> None:
    try:
        storage.save(name, ContentFile(data))
    except OSError as error:
        raise StorageUnavailable("The picture could not be stored: the disk takes no more. Try again later.") from error


def _file_away(actor: User, case: Case, lesion: Lesion, picture: Picture, **fields: object) -> LesionImage:
    image = LesionImage.objects.create(
        case=case,
        lesion=lesion,
        media_type=picture.media_type,
        width=picture.width,
        height=picture.height,
        byte_size=len(picture.data),
        sha256=picture.sha256,
        stored_sha256=picture.stored_sha256,
        phash=picture.phash,
        uploaded_by=actor,
        **fields,
    )
    if picture.quality:
        QualityCheck.objects.create(image=image, **as_fields(picture.quality))
    audit.record(
        clinic=case.clinic,
        actor=actor,
        action=Action.IMAGE_ATTACHED,
        about=image,
        payload={"case": str(case.pk), "lesion": str(lesion.pk), "sha256": image.stored_sha256, **_special(image)},
    )
    return image


def _special(image: LesionImage) -> dict[str, object]:
    """What is told of the few images that it holds for."""
    instead = {"replaces": str(image.replaces_id)} if image.replaces_id else {}
    made = {"image_manipulation": image.image_manipulation} if image.image_manipulation else {}
    return {**instead, **made, **({"recognisable": True} if image.recognisable else {})}
