"""Cases and analyses with everything that is told of them, in a fixed number of queries."""

from django.db.models import Prefetch, QuerySet

from cases.models import Analysis, Case, LesionImage, User
from cases.permissions import find, visible_analyses, visible_cases, visible_images, visible_reads, visible_retakes

# Tens of kilobytes per version, which a page with many analyses would load once for each of them.
BULKY = ("model_version__manifest", "model_version__card")


def current_answers() -> QuerySet[Analysis]:
    """What the network says now, with its model version but not the version's manifest and card."""
    return Analysis.objects.current().select_related("prediction", "model_version").defer(*BULKY)


def analyses_in_full(user: User) -> QuerySet[Analysis]:
    """Each with its image, quality, model version, prediction and explanation, oldest first."""
    return (
        visible_analyses(user)
        .select_related("image__quality_check", "model_version", "prediction", "explanation")
        .defer(*BULKY, "explanation__heatmaps")
        .order_by("created_at", "id")
    )


def images_in_full(user: User) -> QuerySet[LesionImage]:
    return visible_images(user).select_related("quality_check", "lesion")


def case_in_full(user: User, case: Case) -> Case:
    """The case with its images, its signed reads, its retakes and, as `analyses`, those of all its images."""
    cases = visible_cases(user).select_related("patient")
    reads = visible_reads(user).signed().order_by("order")
    parts = {"images": images_in_full(user), "reads": reads, "retakes": visible_retakes(user)}
    case = find(cases.prefetch_related(*(Prefetch(name, rows) for name, rows in parts.items())), case.pk)
    case.analyses = list(analyses_in_full(user).filter(image__case=case))
    return case
