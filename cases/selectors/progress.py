"""How far the network has come with a case."""

from typing import NamedTuple

from django.db.models import Prefetch, Q

from cases.models import Analysis, Case, LesionImage
from cases.models.analysis import Step
from cases.selectors.full import current_answers
from cases.states import AnalysisState

STEPS = tuple(Step)


class ImageProgress(NamedTuple):
    """One image's way through the steps; `analysis` is None where no model version was active.

    One that was `replaced` stays in sight, and nobody waits for it.
    """

    image: LesionImage
    analysis: Analysis | None
    step: Step
    steps: list[tuple[Step, str]]  # each step with "done", "current" or "waiting"
    place: int | None  # in the queue, from 1; None once it has started
    replaced: bool


class CaseProgress(NamedTuple):
    images: list[ImageProgress]
    ended: int
    total: int
    place: int | None  # of the image that is next

    @property
    def is_over(self) -> bool:
        return self.ended == self.total


def case_progress(case: Case) -> CaseProgress:
    """Progress of each image, and of the case as a whole."""
    analyses = Prefetch("analyses", current_answers())
    images = case.images.select_related("lesion", "quality_check").prefetch_related(analyses)
    standing = set(case.images.standing().values_list("pk", flat=True))
    rows = [_image_progress(image, replaced=image.pk not in standing) for image in images]
    analysed = [row for row in rows if row.analysis is not None and not row.replaced]
    places = [row.place for row in analysed if row.place is not None]
    return CaseProgress(
        images=rows,
        ended=sum(row.analysis.has_ended for row in analysed),
        total=len(analysed),
        place=min(places, default=None),
    )


def place_in_queue(analysis: Analysis) -> int | None:
    """How many analyses come before this one, plus one; None once it is no longer queued."""
    if analysis.state != AnalysisState.QUEUED:
        return None
    earlier = Q(created_at__lt=analysis.created_at) | Q(created_at=analysis.created_at, pk__lt=analysis.pk)
    return Analysis.objects.open().filter(earlier).count() + 1


def _image_progress(image: LesionImage, *, replaced: bool) -> ImageProgress:
    analysis = image.current_analysis
    step = Step(analysis.step) if analysis else Step.QUEUED
    reached = STEPS.index(step)
    over = analysis is not None and analysis.has_ended
    steps = [(each, _standing(number, reached, over=over)) for number, each in enumerate(STEPS)]
    return ImageProgress(image, analysis, step, steps, place_in_queue(analysis) if analysis else None, replaced)


def _standing(number: int, reached: int, *, over: bool) -> str:
    if number < reached or over:
        return "done"
    return "current" if number == reached else "waiting"
