"""What other images are asked for, and what came of it."""

from django.db.models import Exists, OuterRef, Prefetch, QuerySet

from cases.models import Case, LesionImage, RetakeRequest, User
from cases.permissions import visible_cases, visible_images, visible_retakes
from cases.states import CaseState


def retakes_with_people(user: User) -> QuerySet[RetakeRequest]:
    """Oldest first, each with its image and everybody who had a part in it."""
    return visible_retakes(user).select_related("image__lesion", "requested_by", "answered_by", "cancelled_by")


def retakes_of(user: User, case: Case) -> list[RetakeRequest]:
    return list(retakes_with_people(user).filter(case=case))


def open_retakes(user: User) -> QuerySet[RetakeRequest]:
    """What the clinic's staff are asked for, longest waiting first."""
    asked = retakes_with_people(user).open().filter(case__state=CaseState.AWAITING_IMAGES)
    pictures = Prefetch("case__images", visible_images(user).select_related("lesion"))
    return asked.select_related("case__patient").prefetch_related(pictures)


def awaiting_count(user: User) -> int:
    return visible_cases(user).filter(state=CaseState.AWAITING_IMAGES).count()


def with_replaced(images: QuerySet[LesionImage]) -> QuerySet[LesionImage]:
    """Each says as `is_replaced` whether another image stands for it now."""
    return images.annotate(is_replaced=Exists(LesionImage.objects.filter(replaces=OuterRef("pk"))))
