"""What moved a result: parts that add up to it exactly."""

import math

import pytest

from cases.selectors.attribution import account_of
from cases.services.analyses import perform_analysis
from tests.factories import AnalysisFactory, PredictionFactory

pytestmark = pytest.mark.django_db
KNOWN = {"age": 74, "sex": "male", "localization": "back"}
UNKNOWN = {"age": None, "sex": None, "localization": None}


@pytest.fixture
def answered(north, active_model):
    """`answered(metadata)`: an analysis that the tiny network has really made."""

    def make(metadata):
        analysis = AnalysisFactory(
            image__case__submitted=True,
            image__case__patient__clinic=north.clinic,
            model_version=active_model,
            metadata=metadata,
        )
        perform_analysis(analysis.pk)
        analysis.refresh_from_db()
        return analysis

    return make


@pytest.mark.parametrize("metadata", [KNOWN, UNKNOWN, {**UNKNOWN, "sex": "female"}])
def test_the_parts_lead_from_the_start_to_the_result(answered, metadata):
    analysis = answered(metadata)
    account = account_of(analysis)
    reached = math.log(account.start / (1 - account.start)) + sum(part.moved for part in account.influences)
    assert 1 / (1 + math.exp(-reached)) == pytest.approx(analysis.prediction.malignancy, abs=1e-5)


def test_the_start_is_the_share_of_malignant_lesions_in_training(answered, active_model):
    prior = active_model.manifest["calibration"]["log_prior"]
    share = sum(math.exp(prior[code]) for code in ("mel", "bcc", "akiec")) / sum(map(math.exp, prior.values()))
    assert account_of(answered(KNOWN)).start == pytest.approx(share)


def test_what_was_told_is_named_and_what_was_not_is_absent(answered):
    labels = [part.label for part in account_of(answered(KNOWN)).influences]
    assert labels == ["Image", "Age 74", "Sex male", "Site back"]
    assert [part.label for part in account_of(answered(UNKNOWN)).influences] == ["Image"]


@pytest.mark.parametrize("metadata", [KNOWN, UNKNOWN])
def test_a_result_from_before_the_parts_were_stored_apart_is_still_accounted_for(answered, metadata):
    analysis = answered(metadata)
    now, analysis.prediction.shapley = account_of(analysis), {}
    before = account_of(analysis)
    assert before.start == pytest.approx(now.start)
    reached = [sum(part.moved for part in account.influences) for account in (before, now)]
    assert reached[0] == pytest.approx(reached[1], abs=1e-5)
    assert len(before.influences) == (2 if metadata is KNOWN else 1)


def test_a_result_without_stored_parts_has_no_account():
    assert account_of(PredictionFactory().analysis) is None
