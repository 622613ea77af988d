"""What is told of an analysis in each of its states, and of a patient to each role."""

import pytest

from tests.factories import AnalysisFactory, CaseFactory, ExplanationFactory, PatientFactory, PredictionFactory

SILENT = ("probabilities", "diagnosis", "malignancy", "prediction_set", "tier", "attributions", "heat_inside_lesion")


@pytest.fixture
def case(north):
    return CaseFactory(patient__clinic=north.clinic, ready=True)


@pytest.fixture
def told(north, api):
    return lambda analysis: api(north.dermatologist).get(f"/api/v1/analyses/{analysis.pk}/").json()


@pytest.mark.parametrize("trait", ["failed", "running", "queued"])
def test_without_a_prediction_every_answer_is_null(trait, case, told):
    analysis = told(AnalysisFactory(image__case=case, **({} if trait == "queued" else {trait: True})))
    assert analysis["state"] == trait
    assert {field: analysis[field] for field in SILENT} == dict.fromkeys(SILENT)
    assert analysis["heatmaps"] == {}


def test_an_abstention_is_no_answer_although_its_numbers_are_kept(case, told, north, api):
    analysis = AnalysisFactory(image__case=case, abstained=True)
    PredictionFactory(analysis=analysis, tier="")
    ExplanationFactory(analysis=analysis)
    shown = told(analysis)
    assert (shown["state"], shown["abstain_reason"]) == ("abstained", "set_too_large")
    assert {field: shown[field] for field in SILENT} == dict.fromkeys(SILENT)
    assert shown["heatmaps"] == {}
    assert api(north.dermatologist).get(f"/api/v1/analyses/{analysis.pk}/heatmaps/mel/").status_code == 404


def test_a_failure_says_why(case, told):
    assert told(AnalysisFactory(image__case=case, failed=True))["error"] == "The worker was lost."


def test_an_answer_that_was_superseded_is_still_told(case, told):
    analysis = PredictionFactory(analysis__image__case=case, analysis__state="superseded").analysis
    assert told(analysis)["diagnosis"] == "nv"


def test_a_heatmap_of_a_diagnosis_that_does_not_exist(answered, north, api):
    answer = api(north.dermatologist).get(f"/api/v1/analyses/{answered.analysis.pk}/heatmaps/scc/")
    assert answer.status_code == 404


@pytest.mark.parametrize(("role", "known"), [("staff", True), ("dermatologist", True), ("admin", False)])
def test_who_the_pseudonym_is_only_clinicians_and_staff_learn(role, known, north, api):
    patient = PatientFactory(clinic=north.clinic, identifier="MRN-77")
    client = api(getattr(north, role))
    for shown in (
        client.get(f"/api/v1/patients/{patient.pk}/").json(),
        client.get("/api/v1/patients/").json()["results"][0],
    ):
        assert shown["pseudonym"] == patient.pseudonym
        assert shown["identifier"] == ("MRN-77" if known else None)
        assert (shown["birth_date"] is not None) is known
        assert ("Ada" in str(shown)) is known


def test_a_case_is_told_in_a_fixed_number_of_queries(case, north, api, django_assert_max_num_queries):
    client = api(north.dermatologist)
    for _ in range(4):
        PredictionFactory(analysis__image__case=case)
    with django_assert_max_num_queries(20):
        assert len(client.get(f"/api/v1/cases/{case.pk}/").json()["analyses"]) == 4
