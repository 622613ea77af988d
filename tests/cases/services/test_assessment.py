"""What the analyses of a case say together: tier, malignancy, silence and flag."""

import pytest

from cases.services.assessment import settle_case
from tests.factories import (
    AnalysisFactory,
    CaseFactory,
    LesionImageFactory,
    ModelVersionFactory,
    PredictionFactory,
    thresholds,
)

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


def by_version(case, malignancy, *, flags_from, **fields):
    version = ModelVersionFactory(clinic=case.clinic, thresholds=thresholds(flags_from), **fields)
    return answer(case, malignancy, analysis__model_version=version)


def test_a_score_is_judged_by_the_version_that_gave_it(case):
    by_version(case, 0.3, flags_from=0.2)
    ModelVersionFactory(clinic=case.clinic, thresholds=thresholds(0.9), stage="active")
    settled = settle_case(case.pk)
    assert (settled.flag_threshold, settled.flagged) == (0.2, True)


@pytest.mark.parametrize(
    ("scores", "threshold", "flagged"),
    [
        ([(0.5, 0.6), (0.4, 0.3)], 0.3, True),  # the lower score reaches its own threshold
        ([(0.5, 0.6), (0.2, 0.3)], 0.6, False),
        ([(0.5, 0.4), (0.3, 0.3)], 0.3, True),
    ],
)
def test_scores_of_two_versions_are_judged_each_by_its_own(case, scores, threshold, flagged):
    for malignancy, flags_from in scores:
        by_version(case, malignancy, flags_from=flags_from)
    settled = settle_case(case.pk)
    assert (settled.flag_threshold, settled.flagged) == (threshold, flagged)


def test_the_clinics_policy_stays_as_it_was_when_the_case_was_judged(case):
    clinic = case.clinic
    by_version(case, 0.3, flags_from=0.9)
    for policy in (0.25, 0.8):
        clinic.flag_threshold = policy
        clinic.save()
        settled = settle_case(case.pk)
        assert (settled.flag_threshold, settled.flagged) == (0.25, True)
