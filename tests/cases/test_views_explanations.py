"""LIME and SHAP in the reading room: asked for, awaited, looked at."""

import pytest
from django.urls import reverse

from cases.models import AuditEvent, ExplanationRequest
from tests.factories import (
    AnalysisFactory,
    CaseFactory,
    ExplanationFactory,
    ExplanationRequestFactory,
    PredictionFactory,
)

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def analysis(north):
    case = CaseFactory(patient__clinic=north.clinic, ready=True, tier="urgent", malignancy=0.6)
    prediction = PredictionFactory(analysis__image__case=case, diagnosis="mel", prediction_set=["mel"], tier="urgent")
    ExplanationFactory(analysis=prediction.analysis, heat_inside_lesion=0.31, heat_on_border=0.4)
    return prediction.analysis


def piece(analysis):
    return reverse("cases:explanations", args=[analysis.pk])


def ask(browser, analysis, **extra):
    body = {"method": "shap", "diagnosis": "mel"}
    return browser.post(reverse("cases:explain", args=[analysis.pk]), body, **extra)


def test_the_reading_room_offers_it_to_the_reader(client_for, north, analysis):
    room = reverse("cases:reading", args=[analysis.image.case_id])
    assert "Explain further" in client_for(north.dermatologist).get(room).content.decode()
    page = client_for(north.admin).get(room).content.decode()
    assert reverse("cases:explain", args=[analysis.pk]) not in page


def test_asking_shows_it_at_once_and_asks_again_until_it_is_over(client_for, north, analysis):
    browser = client_for(north.dermatologist)
    page = ask(browser, analysis, **HTMX).content.decode()
    assert "SHAP for melanoma" in page
    assert 'hx-trigger="every 1s"' in page
    assert "<progress" in page
    assert "<form" not in page  # it is swapped every second: a choice for the next one would be lost
    assert browser.get(piece(analysis), {"seen": "queued 0"}, **HTMX).status_code == 204
    ExplanationRequest.objects.all().delete()
    ExplanationRequestFactory(analysis=analysis, done=True)
    answer = browser.get(piece(analysis), {"seen": "queued 0"}, **HTMX)
    assert answer.status_code == 286  # htmx stops asking
    page = answer.content.decode()
    assert "every 1s" not in page
    assert "Orange speaks for melanoma (+1.5), blue against it (−0.5)" in page


def test_without_script_it_leads_back_to_the_image(client_for, north, analysis):
    answer = ask(client_for(north.dermatologist), analysis)
    assert answer.status_code == 302
    assert answer["Location"].endswith(f"/reading/?image={analysis.image_id}")


def test_a_picture_is_fetched_once_while_another_is_being_made(client_for, north, analysis):
    """Each fetch is an event in the trail."""
    made = ExplanationRequestFactory(analysis=analysis, done=True)
    ExplanationRequestFactory(analysis=analysis, method="shap")
    page = client_for(north.dermatologist).get(piece(analysis)).content.decode()
    assert f'id="explained-{made.pk}" hx-preserve="true"' in page


def test_a_poor_fit_and_a_failure_are_said(client_for, north, analysis):
    ExplanationRequestFactory(analysis=analysis, done=True, r2=0.2)
    ExplanationRequestFactory(analysis=analysis, method="shap", state="failed", error="It took longer than 90 seconds.")
    page = client_for(north.dermatologist).get(piece(analysis)).content.decode()
    assert "too little, do not read it as a reason" in page
    assert "It failed: It took longer than 90 seconds. Ask for it again." in page


@pytest.mark.parametrize("role", ["staff", "admin", "auditor"])
def test_others_may_not_ask(client_for, north, analysis, role):
    assert ask(client_for(getattr(north, role)), analysis).status_code == 403
    assert not ExplanationRequest.objects.exists()


def test_what_belongs_to_another_clinic_does_not_exist(client_for, south, analysis):
    made = ExplanationRequestFactory(analysis=analysis, done=True)
    browser = client_for(south.dermatologist)
    overlay = reverse("cases:explanation_overlay", args=[made.pk])
    assert ask(browser, analysis).status_code == 404
    assert [browser.get(address).status_code for address in (piece(analysis), overlay)] == [404, 404]


def test_the_picture_comes_sealed_and_its_viewing_is_recorded(client_for, north, analysis):
    made = ExplanationRequestFactory(analysis=analysis, done=True)
    answer = client_for(north.staff).get(reverse("cases:explanation_overlay", args=[made.pk]))
    assert answer["Content-Type"] == "image/png"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert answer["Cache-Control"] == "private, no-store"
    event = AuditEvent.objects.latest("seq")
    assert (event.action, event.payload["explanation"]) == ("analysis_viewed", str(made.pk))


def test_there_is_no_picture_before_it_is_done(client_for, north, analysis):
    made = ExplanationRequestFactory(analysis=analysis)
    address = reverse("cases:explanation_overlay", args=[made.pk])
    assert client_for(north.dermatologist).get(address).status_code == 404


def test_heat_beside_the_lesion_is_warned_of(client_for, north, analysis):
    page = client_for(north.dermatologist).get(reverse("cases:reading", args=[analysis.image.case_id])).content.decode()
    assert "Only 31 % of the heat lies on the lesion: do not read the heatmap as a reason." in page
    assert "40 % at the rim of the picture." in page


def test_descriptors_have_units_and_no_diameter_without_a_scale(client_for, north, analysis):
    room = reverse("cases:reading", args=[analysis.image.case_id])
    browser = client_for(north.dermatologist)
    assert "Measured on the lesion" not in browser.get(room).content.decode()
    analysis.explanation.descriptors = {"asymmetry": 0.12, "colours": 3, "diameter_px": 90.0}
    analysis.explanation.save()
    page = browser.get(room).content.decode()
    assert "Diameter" not in page
    assert "12 % beyond its mirror image" in page


def test_a_refusal_has_no_explanations(client_for, north):
    case = CaseFactory(patient__clinic=north.clinic, ready=True, silent=True, flagged=True)
    refused = AnalysisFactory(image__case=case, abstained=True)
    page = client_for(north.dermatologist).get(reverse("cases:reading", args=[case.pk])).content.decode()
    assert "Explain further" not in page
    assert ask(client_for(north.dermatologist), refused).status_code == 409
