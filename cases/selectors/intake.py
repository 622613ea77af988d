"""What a draft holds, and what it still lacks."""

from typing import Final, NamedTuple

from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from cases.models import Case, Lesion, LesionImage, RetakeRequest, Upload, User
from cases.permissions import visible_images, visible_lesions, visible_uploads
from cases.selectors.consents import latest_answer
from cases.vocabulary import Answer, ConsentAnswer, ImageType, Purpose, Sex, Site, Verdict, finding_words

_CORRECT: Final = "cases:correct_patient"


class Check(NamedTuple):
    """One line of the checklist. What is not needed is advice: its lack never keeps a case from the dermatologist."""

    words: str
    done: bool
    step: str = ""  # the id of the step where it is put right; "" where that is not on the page
    needed: bool = False
    page: str = ""  # of the patient, where what is missing can be said


def images_of(user: User, case: Case) -> QuerySet[LesionImage]:
    """The images of the case, those of one lesion together."""
    images = visible_images(user).filter(case=case).select_related("lesion", "quality_check")
    return images.order_by("lesion__number", "uploaded_at")


def uploads_of(user: User, case: Case) -> QuerySet[Upload]:
    """What is on its way into the case, or broke off."""
    return visible_uploads(user).open().filter(case=case).select_related("lesion", "created_by")


def split_by_request(images: list[LesionImage], retake: RetakeRequest | None) -> tuple[list, list]:
    """(those that came since other images were asked for, those that were there before)."""
    if retake is None:
        return images, []
    since = [image for image in images if image.uploaded_at >= retake.created_at]
    return since, [image for image in images if image.uploaded_at < retake.created_at]


def lesions_to_choose(user: User, case: Case) -> QuerySet[Lesion]:
    images = Prefetch("images", visible_images(user).order_by("-uploaded_at"))
    return visible_lesions(user).filter(patient=case.patient_id).order_by("number").prefetch_related(images)


def lesion_at_hand(case: Case, lesions: list[Lesion], images: list[LesionImage], asked_for: str) -> Lesion | None:
    """The lesion that the next images belong to: the one asked for, the last one that got an image, the new one."""
    by_id = {str(lesion.pk): lesion for lesion in lesions}
    if asked_for in by_id:
        return by_id[asked_for]
    if images:
        return by_id[str(max(images, key=lambda image: image.uploaded_at).lesion_id)]
    fresh = [lesion for lesion in lesions if lesion.created_at >= case.created_at]
    return fresh[-1] if fresh else lesions[0] if len(lesions) == 1 else None


def checklist(
    case: Case, lesion: Lesion | None, images: list[LesionImage], uploads: list[Upload] | None = None
) -> list[Check]:
    return [
        Check(
            f"Lesion: {lesion}" if lesion else "Choose or add the lesion", bool(lesion), step="step-lesion", needed=True
        ),
        Check(_images_words(images), bool(images), step="step-images", needed=True),
        *_advice_on_uploads(uploads or []),
        *_advice_on_images(images),
        *_advice_on_quality(images),
        *_advice_on_metadata(case, images),
        _advice_on_consent(case),
        _history(case),
    ]


def answer_checklist(retake: RetakeRequest, since: list[LesionImage]) -> list[Check]:
    """What the answer to a request for other images still lacks."""
    if retake.image_id is None:
        return [Check("The new image", bool(since), step="step-images", needed=True), *_advice_on_quality(since)]
    done = any(image.replaces_id == retake.image_id for image in since)
    words = f"The image in place of the one of {retake.image.lesion}"
    return [Check(words, done, step="step-images", needed=True), *_advice_on_quality(since)]


def may_be_submitted(checks: list[Check]) -> bool:
    return all(check.done for check in checks if check.needed)


def _images_words(images: list[LesionImage]) -> str:
    return f"{len(images)} image{'s' if len(images) > 1 else ''}" if images else "Add at least one image"


def _advice_on_uploads(uploads: list[Upload]) -> list[Check]:
    """What has not arrived when the case is submitted is not part of it."""
    if not uploads:
        return []
    many = len(uploads) > 1
    words = f"{len(uploads)} uploads are not finished" if many else "1 upload is not finished"
    words += ": go on with them, or discard them" if many else ": go on with it, or discard it"
    return [Check(words, done=False, step="step-images")]


def _advice_on_images(images: list[LesionImage]) -> list[Check]:
    """The network reads dermoscopic images only, one lesion at a time."""
    if not images:
        return []
    seen = {image.lesion_id for image in images if image.image_type == ImageType.DERMOSCOPIC}
    missing = sorted({str(image.lesion) for image in images if image.lesion_id not in seen})
    if missing:
        words = f"No dermoscopic image of {', '.join(missing)}: the network will not assess it"
        return [Check(words, done=False, step="step-images")]
    untyped = any(image.image_type == ImageType.DERMOSCOPIC and not image.dermoscopic_type for image in images)
    words = "Say how each dermoscopic image was taken" if untyped else "Dermoscopic image of each lesion"
    return [Check(words, done=not untyped, step="step-images")]


def _advice_on_quality(images: list[LesionImage]) -> list[Check]:
    """What the gate says of the pictures that are for the network; nothing of those that it has not measured."""
    measured = [
        image
        for image in images
        if image.image_type == ImageType.DERMOSCOPIC and getattr(image, "quality_check", None) is not None
    ]
    refused = [image for image in measured if image.quality_check.verdict == Verdict.REJECTED]
    open_ones = [image for image in refused if image.quality_check.accepted_at is None]
    if open_ones:
        return [Check(_refused_words(image), done=False, step="step-images") for image in open_ones]
    if refused:
        return [Check(f"Used though the quality is too low: {len(refused)} of {len(measured)} images", done=True)]
    return [Check("Image quality is enough", done=True)] if measured else []


def _refused_words(image: LesionImage) -> str:
    return f"Image of {image.lesion}: {finding_words(image.quality_check.reasons)}. Take it again, or use it anyway"


def _advice_on_metadata(case: Case, images: list[LesionImage]) -> list[Check]:
    """Age, sex and site: what the network weighs beside the picture."""
    age = case.patient.age_on(timezone.localdate()) is not None
    sex = case.patient.sex != Sex.UNKNOWN
    unsited = sorted({str(image.lesion) for image in images if image.lesion.site == Site.UNKNOWN})
    return [
        Check("Age known" if age else "Age unknown: the network is less sure without it", done=age, page=_CORRECT),
        Check("Sex known" if sex else "Sex unknown: the network is less sure without it", done=sex, page=_CORRECT),
        *([Check(f"Site of {', '.join(unsited)} unknown", done=False, step="step-lesion")] if unsited else []),
    ]


def _advice_on_consent(case: Case) -> Check:
    answer = latest_answer(case.patient, Purpose.AI)
    if answer == ConsentAnswer.REFUSED:
        return Check("The patient refuses analysis: the case goes to the dermatologist without it", done=False)
    words = "Agreed to analysis" if answer else "Consent to analysis not recorded"
    return Check(words, done=bool(answer), page="cases:patient")


def _history(case: Case) -> Check:
    answers = list(case.symptoms.values())
    answered = sum(answer != Answer.UNKNOWN for answer in answers)
    words = f"History: {answered} of {len(answers)} answered"
    return Check(words, done=answered == len(answers), step="step-history")
