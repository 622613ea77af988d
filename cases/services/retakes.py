"""Asking for other images, and the three ends of it: images come, there can be none, or nobody needs them any more."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from cases.errors import Conflict, InvalidInput
from cases.models import Case, LesionImage, RetakeRequest, User
from cases.models.retake import LONGEST_RETAKE_COMMENT
from cases.permissions import ensure_may
from cases.services import audit
from cases.services.assessment import settle_case
from cases.services.checks import Problems
from cases.services.intake import locked_case
from cases.services.review import ensure_held
from cases.services.uploads import end_uploads_of
from cases.states import CASE_MOVES, CaseState
from cases.vocabulary import Action, RetakeReason, UnableReason


def request_images(
    *, dermatologist: User, case: Case, reason: str, comment: str = "", image: LesionImage | None = None
) -> RetakeRequest:
    """ready, or held by this dermatologist → awaiting_images. The claim ends and the case's clock stops.

    `image` is the one to be replaced; without it another image is wanted beside those there are.
    """
    ensure_may(dermatologist, "request_images")
    with transaction.atomic():
        case = locked_case(dermatologist, case)
        CASE_MOVES.check(case.state, CaseState.AWAITING_IMAGES)
        if case.state == CaseState.IN_REVIEW:
            ensure_held(case, dermatologist)
        comment = comment.strip()
        _check_request(case, reason, comment, image)
        now = timezone.now()
        case.move_to(CaseState.AWAITING_IMAGES, now=now)
        case.save()
        request = RetakeRequest.objects.create(
            case=case, requested_by=dermatologist, reason=reason, comment=comment, image=image, created_at=now
        )
        _record(request, dermatologist, Action.RETAKE_REQUESTED, reason=reason)
    return request


def decline_retake(*, actor: User, case: Case, unable: str, answer: str = "") -> RetakeRequest:
    """awaiting_images → ready with the images there are: no other one can be taken, and the reader is told why."""
    ensure_may(actor, "decline_retake")
    with transaction.atomic():
        request = _open_request(actor, case)
        answer = answer.strip()
        _check_answer(unable, answer)
        request.answered_at, request.answered_by = timezone.now(), actor
        request.unable, request.answer = unable, answer
        _back_to_ready(request, actor, request.answered_at)
        _record(request, actor, Action.RETAKE_UNABLE, unable=unable)
    return request


def withdraw_request(*, dermatologist: User, case: Case) -> RetakeRequest:
    """awaiting_images → ready: the images there are will do after all."""
    ensure_may(dermatologist, "withdraw_request")
    with transaction.atomic():
        request = _open_request(dermatologist, case)
        request.cancelled_at, request.cancelled_by = timezone.now(), dermatologist
        _back_to_ready(request, dermatologist, request.cancelled_at)
        _record(request, dermatologist, Action.RETAKE_WITHDRAWN)
    return request


def answer_with_images(*, actor: User, case: Case, now: datetime) -> RetakeRequest | None:
    """End the open request of a case that is being submitted again; the caller holds the case.

    Refused as long as nothing new is there, or nothing in the stead of the image that was asked for.
    """
    request = case.retakes.open().select_related("image__lesion").first()
    if request is None:
        return None
    fresh = images_since(request)
    if not fresh:
        raise InvalidInput(
            {"images": "A new image was asked for and none was added. Add it, or say why it cannot be taken."}
        )
    if request.image_id and not any(image.replaces_id == request.image_id for image in fresh):
        raise InvalidInput(
            {"images": f"No new image replaces the one of {request.image.lesion} that was asked for. Add it as that."}
        )
    request.answered_at, request.answered_by = now, actor
    request.save()
    return request


def images_since(request: RetakeRequest) -> list[LesionImage]:
    """The images that came after the request."""
    return list(request.case.images.filter(uploaded_at__gte=request.created_at))


def refuse_unless_asked(case: Case) -> None:
    if case.open_retake is None:
        raise Conflict(
            f"This case is {case.state}: no new image is asked for. "
            f"From here it can become {', '.join(case.legal_moves) or 'nothing else'}.",
            current=case.state,
            legal=case.legal_moves,
        )


def _open_request(actor: User, case: Case) -> RetakeRequest:
    case = locked_case(actor, case)
    refuse_unless_asked(case)
    request = case.retakes.open().select_related("image").get()
    request.case = case
    if images_since(request):
        raise Conflict(
            "New images were added already. Submit the case with them, or remove them first.",
            current=case.state,
            legal=case.legal_moves,
        )
    return request


def _back_to_ready(request: RetakeRequest, actor: User, now: datetime) -> None:
    request.save()
    request.case.move_to(CaseState.READY, now=now)
    request.case.save()
    end_uploads_of(request.case, actor=actor)
    request.case = settle_case(request.case_id, now=now)  # an analysis may have ended meanwhile


def _check_request(case: Case, reason: str, comment: str, image: LesionImage | None) -> None:
    problems = Problems()
    problems.choice("reason", reason, RetakeReason)
    if reason == RetakeReason.OTHER and not comment:
        problems.add("comment", "Say what is wrong: the people who take the image read only this.")
    _check_length(problems, "comment", comment)
    if image is not None and (image.case_id != case.pk or image.replacements.exists()):
        problems.add("image", "Choose one of the images of this case that nothing has replaced yet.")
    problems.raise_if_any()


def _check_answer(unable: str, answer: str) -> None:
    problems = Problems()
    problems.choice("reason", unable, UnableReason)
    if unable == UnableReason.OTHER and not answer:
        problems.add("comment", "Say why: the dermatologist reads only this.")
    _check_length(problems, "comment", answer)
    problems.raise_if_any()


def _check_length(problems: Problems, field: str, text: str) -> None:
    if len(text) > LONGEST_RETAKE_COMMENT:
        problems.add(field, f"At most {LONGEST_RETAKE_COMMENT} characters; this has {len(text)}.")


def _record(request: RetakeRequest, actor: User, action: Action, **payload: object) -> None:
    audit.record(
        clinic=request.case.clinic,
        actor=actor,
        action=action,
        about=request.case,
        payload={"retake": str(request.pk), "image": str(request.image_id) if request.image_id else None, **payload},
    )
