"""An urgent image was replaced: the case stays urgent until a new image has an answer, whatever that answer is."""

import pytest
from django.utils import timezone

from cases.models import Case
from cases.selectors.full import current_answers
from cases.selectors.urgency import carried_urgency
from cases.selectors.worklist import Worklist
from cases.services.assessment import settle_case
from cases.services.retakes import decline_retake, withdraw_request
from tests.factories import (
    AnalysisFactory,
    CaseFactory,
    LesionFactory,
    LesionImageFactory,
    PredictionFactory,
    RetakeRequestFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(north):
    return CaseFactory(patient__clinic=north.clinic, submitted=True)


@pytest.fixture
def image(case):
    """`image(tier, replaces)`: another image of the one lesion; without a tier its analysis failed."""
    lesion = LesionFactory(patient=case.patient)

    def make(tier, replaces=None):
        image = LesionImageFactory(case=case, lesion=lesion, replaces=replaces)
        analysis = AnalysisFactory(image=image, succeeded=bool(tier), failed=not tier)
        if tier:
            members = {"urgent": ["mel", "nv"], "soon": ["bcc"], "routine": ["nv"]}[tier]
            PredictionFactory(analysis=analysis, tier=tier, prediction_set=members, malignancy=0.6)
        return image

    return make


def carried(case):
    images = case.images.prefetch_related("analyses")
    found = {image.pk: image for image in images}
    for image in found.values():
        image._prefetched_objects_cache = {"analyses": list(current_answers().filter(image=image))}
    return [analysis.image_id for analysis in carried_urgency(found.values())]


def test_nothing_is_carried_where_nothing_was_replaced(case, image):
    image("urgent")
    image(None)
    assert carried(case) == []


def test_an_urgent_image_is_carried_until_the_new_one_has_an_answer(case, image):
    first = image("urgent")
    second = image(None, replaces=first)
    assert carried(case) == [first.pk]
    third = image(None, replaces=second)
    assert carried(case) == [first.pk]
    image("routine", replaces=third)
    assert carried(case) == []


@pytest.mark.parametrize("tier", ["soon", "routine"])
def test_only_what_was_said_last_is_carried_and_only_if_it_was_urgent(case, image, tier):
    middle = image(tier, replaces=image("urgent"))
    image(None, replaces=middle)
    assert carried(case) == []


def test_the_case_stays_urgent_in_the_queue_and_its_row_says_why(north, case, image):
    image(None, replaces=image("urgent"))
    settled = settle_case(case.pk)
    assert (settled.state, settled.tier, settled.malignancy, settled.flagged) == ("ready", "urgent", 0.6, True)
    (row,) = Worklist(north.dermatologist).rows()
    assert "It stays urgent: Melanoma in the prediction set of the image that was replaced (mel, nv)." in row.reason
    assert "The new image has no answer. The analysis failed. The worker was lost." in row.reason


def test_overdue_it_stays_urgent_too(case, image):
    new = image(None, replaces=image("urgent"))
    new.analyses.update(state="queued", error="", attempt=0, step="queued")
    Case.objects.filter(pk=case.pk).update(analysis_deadline=timezone.now())
    settled = settle_case(case.pk)
    assert (settled.state, settled.tier) == ("ready", "urgent")


def test_the_new_answer_has_the_last_word(case, image):
    image("routine", replaces=image("urgent"))
    settled = settle_case(case.pk)
    assert (settled.tier, settled.silent) == ("routine", False)


@pytest.mark.parametrize("ending", ["withdrawn", "declined"])
def test_a_request_that_brought_no_image_leaves_the_case_urgent(north, case, image, ending):
    urgent = image("urgent")
    settle_case(case.pk)
    Case.objects.filter(pk=case.pk).update(state="awaiting_images", paused_at=timezone.now())
    RetakeRequestFactory(case=Case.objects.get(pk=case.pk), image=urgent)
    if ending == "withdrawn":
        withdraw_request(dermatologist=north.dermatologist, case=case)
    else:
        decline_retake(actor=north.staff, case=case, unable="no_better")
    case.refresh_from_db()
    assert (case.state, case.tier) == ("ready", "urgent")
