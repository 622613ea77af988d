"""What the analyses of a case say together: tier, malignancy, silence and flag."""

import pytest

from cases.services.assessment import settle_case
from tests.factories import AnalysisFactory, CaseFactory, LesionImageFactory, PredictionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(north):
    return CaseFactory(patient__clinic=north.clinic, submitted=True)


def answer(case, malignancy, **fields):
    fields = {"analysis__image": LesionImageFactory(case=case), "tier": "routine", **fields}
    return PredictionFactory(malignancy=malignancy, **fields)


def test_a_lesion_without_an_answer_is_silence(case):
    answer(case, 0.05, tier="urgent")
    assert settle_case(case.pk).silent is False
    AnalysisFactory(image=LesionImageFactory(case=case), abstained=True)
    settled = settle_case(case.pk)
    assert (settled.tier, settled.silent, settled.flagged) == ("urgent", True, True)


def test_an_overview_beside_an_answered_image_of_its_lesion_is_no_silence(case):
    lesion = answer(case, 0.05).analysis.image.lesion
    overview = LesionImageFactory(case=case, lesion=lesion)
    AnalysisFactory(image=overview, abstained=True, abstain_reason="modality")
    settled = settle_case(case.pk)
    assert (settled.tier, settled.silent, settled.flagged) == ("routine", False, False)


def test_a_case_that_nothing_was_asked_about_is_silence(case):
    settled = settle_case(case.pk)
    assert (settled.silent, settled.flagged, settled.malignancy) == (True, True, None)
