"""What stays urgent although its image was replaced: until a new image has an answer, nothing has said otherwise."""

from collections.abc import Iterable, Iterator

from cases.models import Analysis, LesionImage
from cases.states import AnalysisState
from cases.vocabulary import Tier


def carried_urgency(images: Iterable[LesionImage]) -> list[Analysis]:
    """The urgent answers about replaced images in whose stead no answer has come; reads prefetched analyses."""
    by_id = {image.pk: image for image in images}
    replaced = {image.replaces_id for image in by_id.values()}
    standing = [image for image in by_id.values() if image.pk not in replaced]
    last = (_last_answer(image, by_id) for image in standing if _answer(image) is None)
    return [answer for answer in last if answer is not None and answer.prediction.tier == Tier.URGENT]


def _last_answer(image: LesionImage, by_id: dict) -> Analysis | None:
    """What was said last about the images that this one stands for, the newest of them first."""
    answers = (_answer(earlier) for earlier in _replaced_by(image, by_id))
    return next((answer for answer in answers if answer is not None), None)


def _replaced_by(image: LesionImage, by_id: dict) -> Iterator[LesionImage]:
    while image.replaces_id is not None:
        image = by_id[image.replaces_id]
        yield image


def _answer(image: LesionImage) -> Analysis | None:
    analysis = image.current_analysis
    return analysis if analysis is not None and analysis.state == AnalysisState.SUCCEEDED else None
