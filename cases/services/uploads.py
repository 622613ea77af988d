"""Files that arrive in parts: each part goes on where the last one ended, whatever broke off in between.

The words and the rules of the offset are those of tus 1.0 (docs/adr/0008). The row says how much counts: bytes behind
its offset, which a crash may leave in the file, are written over by the next part.
"""

from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from cases.errors import Conflict, InvalidInput, NotFound, OffsetMismatch, StorageUnavailable
from cases.models import Case, Lesion, LesionImage, Upload, User
from cases.permissions import ensure_may, ensure_visible, find, visible_images, visible_uploads
from cases.pictures import Picture, sha256
from cases.services import audit
from cases.services.draft_images import DESCRIPTION, remove_image
from cases.services.images import already_there, attach_image, clean_upload, ensure_attachable
from cases.services.intake import locked_case, refuse_unless_editable
from cases.services.scales import keep_sent_scale
from cases.services.upload_limits import check_file, ensure_room
from cases.services.wrong_patient import refuse_known_bytes
from cases.storage import private_storage, removed_on_failure, write_at
from cases.vocabulary import Action

KEPT = timedelta(hours=24)  # after the last part


class Arrived(NamedTuple):
    data: bytes
    picture: Picture | None  # None: the image is in the case already


def start_upload(
    *, actor: User, case: Case, lesion: Lesion, byte_size: int, sha256: str, override_reason: str = "", **details: Any
) -> Upload:
    """Begin, or go on with what was begun: one file is one upload of its case, at the offset that it has reached.

    `details` are those of `attach_image`; said again they hold anew, but a person who can be recognised is never
    forgotten on the way, nor a reason. What is in the case already is complete at once; what another patient of the
    clinic has is refused as `FiledElsewhere` before any of it travels, unless there is an `override_reason`.
    """
    reason = override_reason.strip()
    ensure_attachable(actor, case, lesion, override_reason=reason, **details)
    check_file(byte_size, sha256)
    known = already_there(case, lesion, sha256, details.get("replaces"), details.get("image_manipulation", ""))
    if known is None and not reason:  # a reason is looked at once the picture is there
        refuse_known_bytes(actor, case, sha256, reason)
    told = {"lesion": lesion, "override_reason": reason, **details, "recognisable": bool(details.get("recognisable"))}
    with transaction.atomic():
        case = locked_case(actor, case)
        refuse_unless_editable(case)
        upload = case.uploads.open().select_for_update(of=("self",), no_key=True).filter(sha256=sha256).first()
        if upload is None and known is not None:
            keep_sent_scale(actor=actor, image=known, pixel_spacing=details.get("pixel_spacing"))
            return _as_arrived(actor, case, byte_size, sha256, told)
        if upload is None:
            return _begin(actor, case, byte_size, sha256, told)
        if upload.byte_size != byte_size:
            raise InvalidInput({"byte_size": f"This file was begun with {upload.byte_size} bytes."})
        return _told_anew(actor, upload, told)


def receive_part(*, actor: User, upload: Upload, offset: int, part: bytes) -> Upload:
    """Keep the bytes from `offset` on; any other offset than the one reached is an `OffsetMismatch` that names it."""
    ensure_may(actor, "attach_image")
    with transaction.atomic():
        upload = _locked(actor, upload)
        refuse_unless_editable(upload.case)
        if offset != upload.offset:
            raise OffsetMismatch(upload.offset)
        if not part or offset + len(part) > upload.byte_size:
            raise InvalidInput({"part": f"Between 1 and {upload.byte_size - offset} bytes are still to come."})
        try:
            write_at(upload.part_name, offset, part)
        except OSError as error:
            raise StorageUnavailable(
                "This part could not be stored: the disk takes no more. Try again later."
            ) from error
        upload.offset += len(part)
        upload.last_part_at = timezone.now()
        upload.expires_at = upload.last_part_at + KEPT
        upload.save(update_fields=["offset", "last_part_at", "expires_at"])
    return upload


def check_arrived(*, actor: User, upload: Upload, override_reason: str = "") -> Arrived | None:
    """What `complete_upload` needs and takes long to make; None: nothing. A file that is no picture goes at once."""
    ensure_may(actor, "attach_image")
    upload = find(visible_uploads(actor).select_related("case__patient__clinic", "lesion", "replaces"), upload.pk)
    if upload.completed_at:
        return None
    if upload.offset < upload.byte_size:
        raise OffsetMismatch(upload.offset)
    try:
        data = _whole(upload)
        picture = clean_upload(
            actor=actor,
            case=upload.case,
            lesion=upload.lesion,
            data=data,
            override_reason=override_reason.strip() or upload.override_reason,
            **upload.details,
        )
    except InvalidInput as refusal:
        if "file" in refusal.errors and not _end_unusable(actor, upload):
            return None  # another window was faster: the bytes went because they have become the image
        raise
    return Arrived(data, picture)


def complete_upload(
    *,
    actor: User,
    upload: Upload,
    override_reason: str = "",
    instead_of: UUID | None = None,
    arrived: Arrived | None = None,
) -> LesionImage:
    """Make the image of a file that is whole. Asked for again, the image that came of it is returned.

    `instead_of` is an image of the draft that was taken again: it goes as this one arrives. One that is gone already is
    no fault, since whoever lost the answer asks again.
    A caller with a transaction of its own gives what `check_arrived` answered before it.
    """
    ensure_may(actor, "attach_image")
    ensure_visible(visible_uploads(actor), upload)
    arrived = arrived or check_arrived(actor=actor, upload=upload, override_reason=override_reason)
    with removed_on_failure(), transaction.atomic():
        locked_case(actor, upload.case)
        upload = _locked(actor, upload)
        if arrived is None or upload.completed_at:
            return _in_the_stead(actor, _image_of(upload), instead_of)
        image = attach_image(
            actor=actor,
            case=upload.case,
            lesion=upload.lesion,
            data=arrived.data,
            picture=arrived.picture,
            override_reason=override_reason.strip() or upload.override_reason,
            **upload.details,
        )
        upload.completed_at = timezone.now()
        upload.save(update_fields=["completed_at"])
        _remove_bytes(upload)
        return _in_the_stead(actor, image, instead_of)


def discard_upload(*, actor: User, upload: Upload) -> None:
    """Stop an upload for good: what arrived of it is deleted."""
    ensure_may(actor, "attach_image")
    with transaction.atomic():
        locked_case(actor, upload.case)
        upload = _locked(actor, upload)
        if upload.completed_at:
            raise Conflict("This upload is complete. Remove the image instead.")
        _end(upload, actor, why="person")


def end_uploads_of(case: Case, *, actor: User) -> None:
    """The case takes no more images: what was on its way goes. The caller holds the case, in a transaction."""
    for upload in case.uploads.open().select_for_update(of=("self",), no_key=True):
        upload.case = case
        _end(upload, actor, why=case.state)


def expire_upload(pk: Any, *, now: datetime) -> bool:
    """Delete a row that nobody came back to, with its bytes."""
    with transaction.atomic():
        found = Upload.objects.expired(now).filter(pk=pk)
        case = Case.objects.select_for_update(of=("self",), no_key=True).filter(uploads__in=found).first()
        upload = found.select_for_update(of=("self",), no_key=True).select_related("case__patient__clinic").first()
        if case is None or upload is None:
            return False
        if upload.completed_at:
            upload.delete()
        else:
            _end(upload, None, why="expired")
    return True


def _begin(actor: User, case: Case, byte_size: int, digest: str, told: dict[str, Any]) -> Upload:
    ensure_room(case, byte_size)
    expires_at = timezone.now() + KEPT
    upload = Upload.objects.create(
        case=case, byte_size=byte_size, sha256=digest, created_by=actor, expires_at=expires_at, **told
    )
    payload = {"case": str(case.pk), "bytes": byte_size}
    audit.record(clinic=case.clinic, actor=actor, action=Action.UPLOAD_STARTED, about=upload, payload=payload)
    return upload


def _as_arrived(actor: User, case: Case, byte_size: int, digest: str, told: dict[str, Any]) -> Upload:
    """The upload of an image that is in the case already: nothing begins, so nothing is recorded."""
    now = timezone.now()
    known = case.uploads.filter(sha256=digest, completed_at__isnull=False).first()
    upload = known or Upload(case=case, sha256=digest, created_by=actor, completed_at=now, **told)
    upload.byte_size = upload.offset = byte_size
    upload.expires_at = now + KEPT
    upload.save()
    return upload


def _told_anew(actor: User, upload: Upload, told: dict[str, Any]) -> Upload:
    """Announced again, with what is said of it now."""
    told["recognisable"] = told["recognisable"] or upload.recognisable
    told["override_reason"] = told["override_reason"] or upload.override_reason
    changed = sorted(field for field, value in told.items() if getattr(upload, field) != value)
    for field in changed:
        setattr(upload, field, told[field])
    upload.expires_at = timezone.now() + KEPT
    upload.save()
    if changed:
        payload = {"case": str(upload.case_id), "fields": changed}
        payload |= {field: str(getattr(upload, field)) for field in changed if field in DESCRIPTION}
        payload |= {"lesion": str(upload.lesion_id)} if "lesion" in changed else {}
        clinic = upload.case.clinic
        audit.record(clinic=clinic, actor=actor, action=Action.UPLOAD_CHANGED, about=upload, payload=payload)
    return upload


def _end_unusable(actor: User, upload: Upload) -> bool:
    """Delete what is no picture. False: it is complete, so it was one."""
    with transaction.atomic():
        locked_case(actor, upload.case)
        upload = _locked(actor, upload)
        if not upload.completed_at:
            _end(upload, actor, why="unusable")
        return not upload.completed_at


def _locked(actor: User, upload: Upload) -> Upload:
    """The upload as it is now, held until the transaction ends. Whoever needs its case too holds that first."""
    uploads = visible_uploads(actor).select_related("case__patient__clinic", "lesion", "replaces")
    return find(uploads.select_for_update(of=("self",), no_key=True), upload.pk)


def _whole(upload: Upload) -> bytes:
    try:
        with private_storage().open(upload.part_name) as file:
            data = file.read()
    except FileNotFoundError:
        data = b""
    if sha256(data) != upload.sha256:
        raise InvalidInput({"file": "What arrived is not the file that was announced. Send it again from the start."})
    return data


def _image_of(upload: Upload) -> LesionImage:
    image = LesionImage.objects.filter(case=upload.case_id, sha256=upload.sha256).first()
    if image is None:
        raise NotFound("The image that came of this upload was removed. Send the file anew.")
    return image


def _in_the_stead(actor: User, image: LesionImage, old: UUID | None) -> LesionImage:
    replaced = visible_images(actor).filter(pk=old).exclude(pk=image.pk).first() if old else None
    if replaced is None:
        return image
    if (replaced.case_id, replaced.lesion_id) != (image.case_id, image.lesion_id):
        raise InvalidInput({"instead_of": "Choose an image of the same lesion in this case."})
    remove_image(actor=actor, image=replaced)
    return image


def _end(upload: Upload, actor: User | None, *, why: str) -> None:
    payload = {"case": str(upload.case_id), "bytes": upload.offset, "of": upload.byte_size, "why": why}
    clinic = upload.case.clinic
    audit.record(clinic=clinic, actor=actor, action=Action.UPLOAD_DISCARDED, about=upload, payload=payload)
    _remove_bytes(upload)
    upload.delete()


def _remove_bytes(upload: Upload) -> None:
    transaction.on_commit(partial(private_storage().delete, upload.part_name), robust=True)
