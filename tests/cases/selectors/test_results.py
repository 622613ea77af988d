"""What is told of a result."""

import io

import pytest
from PIL import Image

from cases.errors import NotFound
from cases.selectors.policy import flag_policy
from cases.selectors.results import heatmap_png, leading_analysis, possible_diagnoses, probability_rows
from tests.factories import (
    AnalysisFactory,
    CaseFactory,
    ExplanationFactory,
    LesionImageFactory,
    ModelVersionFactory,
    PredictionFactory,
)

pytestmark = pytest.mark.django_db


def test_seven_rows_in_one_order(north):
    prediction = PredictionFactory(diagnosis="bkl", prediction_set=["mel", "bkl"])
    rows = probability_rows(prediction.analysis)
    assert [row.code for row in rows] == ["mel", "bcc", "akiec", "bkl", "nv", "df", "vasc"]
    assert [row.code for row in rows if row.possible] == ["mel", "bkl"]
    assert rows[0].name == "Melanoma"
    assert sum(row.value for row in rows) == pytest.approx(1, abs=1e-6)


def test_the_most_malignant_image_speaks_for_the_case(north):
    case = CaseFactory(patient__clinic=north.clinic, ready=True)
    PredictionFactory(analysis__image=LesionImageFactory(case=case), malignancy=0.1, prediction_set=["nv"])
    worse = PredictionFactory(
        analysis__image=LesionImageFactory(case=case), malignancy=0.4, diagnosis="bcc", prediction_set=["bcc", "bkl"]
    )
    PredictionFactory(
        analysis=AnalysisFactory(image=LesionImageFactory(case=case), abstained=True), malignancy=0.9, diagnosis="mel"
    )
    assert leading_analysis(case) == worse.analysis
    assert possible_diagnoses(case) == ["bcc", "bkl", "nv"]


def test_a_heatmap_lies_on_the_whole_picture(north):
    explanation = ExplanationFactory(analysis=PredictionFactory().analysis)
    picture = Image.open(io.BytesIO(heatmap_png(explanation.analysis, "mel")))
    assert (picture.size, picture.mode) == ((400, 300), "RGBA")


@pytest.mark.parametrize("diagnosis", ["scc", "", "../etc/passwd"])
def test_no_heatmap_of_what_the_network_does_not_know(north, diagnosis):
    with pytest.raises(NotFound):
        heatmap_png(ExplanationFactory(analysis=PredictionFactory().analysis).analysis, diagnosis)
    with pytest.raises(NotFound):
        heatmap_png(AnalysisFactory(), "mel")


def test_the_policy_is_the_clinics_or_else_the_models(north):
    assert flag_policy(north.clinic) is None
    ModelVersionFactory(clinic=north.clinic, stage="active")
    assert flag_policy(north.clinic).threshold == 0.3
    north.clinic.flag_threshold = 0.2
    assert flag_policy(north.clinic).threshold == 0.2


def test_the_policy_names_what_a_threshold_stands_for(north):
    def point(threshold, sensitivity):
        rate = {"value": sensitivity, "low": sensitivity - 0.1, "high": sensitivity + 0.05}
        return {"threshold": threshold, "sensitivity": rate, "specificity": rate}

    table = {"split": "test", "malignancy": point(0.3, 0.8), "operating_points": [point(0.1, 0.95), point(0.5, 0.6)]}
    ModelVersionFactory(clinic=north.clinic, stage="active", thresholds=table)
    policy = flag_policy(north.clinic)
    assert [policy.at(t).sensitivity[0] for t in (0.1, 0.29, 0.3, 0.9)] == [0.95, 0.95, 0.8, 0.6]
    assert policy.at(0.05) is None
