"""What a dermatologist needs to read one case, in few queries."""

from typing import Any

from django.db.models import Prefetch, QuerySet

from cases.models import Analysis, Case, LesionImage, Read, User
from cases.permissions import find, visible_cases, visible_images, visible_reads
from cases.selectors.full import BULKY, current_answers
from cases.selectors.results import shown_explanation
from cases.selectors.retakes import with_replaced
from cases.selectors.veils import with_veils
from cases.states import AnalysisState


def case_to_read(user: User, case_id) -> Case:
    cases = visible_cases(user).select_related("patient__clinic", "claimed_by")
    return find(cases, case_id)


def images_to_read(user: User, case: Case) -> list[LesionImage]:
    """The case's images with their lesion, quality check, analyses, explanations (but for the grids) and veil."""
    images = (
        with_replaced(visible_images(user)).filter(case=case).select_related("lesion", "quality_check", "uploaded_by")
    )
    answers = current_answers().select_related("explanation").defer(*BULKY, "explanation__heatmaps")
    return with_veils(user, images.prefetch_related(Prefetch("analyses", answers)))


def answers_to_read(images: list[LesionImage]) -> list[Analysis]:
    """`results.standing_answers`, of images that are at hand."""
    standing = [image for image in images if not image.is_replaced]
    analyses = [analysis for image in standing for analysis in image.analyses.all()]
    return [analysis for analysis in analyses if analysis.state == AnalysisState.SUCCEEDED]


def first_to_look_at(images: list[LesionImage]) -> LesionImage | None:
    """Of those that stand, the image whose answer is the most malignant; without any answer the first one."""

    def weight(image: LesionImage) -> tuple[bool, float]:
        analysis = image.current_analysis
        answered = analysis is not None and analysis.state == AnalysisState.SUCCEEDED
        return not image.is_replaced, analysis.prediction.malignancy if answered else -1.0

    return max(images, key=weight, default=None)


def heat_of(analysis: Analysis) -> dict[str, Any]:
    """Grad-CAM of each diagnosis as a flat list of 0 to 255, row by row, and how the grid lies on the picture."""
    explanation = shown_explanation(analysis)
    cells, raw = explanation.rows * explanation.columns, bytes(explanation.heatmaps)
    return {
        "rows": explanation.rows,
        "columns": explanation.columns,
        "geometry": explanation.geometry,
        "maxima": explanation.maxima,
        "grids": {
            code: list(raw[place * cells : (place + 1) * cells]) for place, code in enumerate(explanation.labels)
        },
    }


def reads_of(user: User, case: Case) -> QuerySet[Read]:
    """Signed reads of this case, oldest first."""
    return visible_reads(user).filter(case=case).signed().select_related("reader").order_by("order")


def earlier_reads(user: User, case: Case) -> QuerySet[Read]:
    """What was decided about the same lesions in other cases, newest first."""
    lesions = visible_images(user).filter(case=case).values("lesion")
    others = visible_reads(user).filter(case__images__lesion__in=lesions).exclude(case=case).signed()
    return others.select_related("reader", "case").order_by("-signed_at").distinct()
