"""A picture that shows nobody says so wherever it is shown, in the API and in the trail."""

import pytest
from django.urls import reverse

from cases.errors import InvalidInput
from cases.models import AuditEvent
from cases.services.images import attach_image
from tests.drawings import jpeg
from tests.factories import (
    CaseFactory,
    ExplanationFactory,
    ExplanationRequestFactory,
    LesionFactory,
    LesionImageFactory,
    PredictionFactory,
)

pytestmark = pytest.mark.django_db

MARK = '<span class="made">generated</span>'


@pytest.fixture
def case(north):
    case = CaseFactory(
        ready=True, patient__clinic=north.clinic, tier="urgent", malignancy=0.6, flagged=True, flag_threshold=0.18
    )
    LesionImageFactory(case=case, image_manipulation="synthetic")
    return case


@pytest.mark.parametrize(
    ("name", "role"),
    [("worklist", "dermatologist"), ("home", "dermatologist"), ("case", "staff"), ("patient", "staff")],
)
def test_its_mark_is_on_every_page_that_shows_it(client_for, north, case, name, role):
    args = {"case": [case.pk], "patient": [case.patient_id]}.get(name, [])
    client, url = client_for(getattr(north, role)), reverse(f"cases:{name}", args=args)
    assert MARK in client.get(url).content.decode()
    case.images.update(image_manipulation="")
    assert MARK not in client.get(url).content.decode()


def test_the_viewer_calls_it_by_its_name(client_for, north, case):
    def page():
        return client_for(north.dermatologist).get(reverse("cases:reading", args=[case.pk])).content.decode()

    assert "Generated: not a photograph, nobody's skin" in page()
    assert 'alt="Generated Dermoscopic image' in page()
    LesionImageFactory(case=case, lesion=case.images.get().lesion, image_manipulation="synthetic")
    assert page().count(MARK) == 3, "one for each in the strip, and one for the viewer, whatever it shows"
    case.images.update(image_manipulation="")
    assert "enerated" not in page()


def test_the_viewers_mark_is_in_the_bar_that_no_heat_covers(client_for, north, case):
    page = client_for(north.dermatologist).get(reverse("cases:reading", args=[case.pk])).content.decode()
    assert MARK in page.partition('id="viewer"')[2].partition("data-stage")[0]


def test_an_explanations_picture_is_marked(client_for, north, case):
    analysis = PredictionFactory(analysis__image=case.images.get()).analysis
    ExplanationFactory(analysis=analysis)
    ExplanationRequestFactory(analysis=analysis, done=True)
    browser, piece = client_for(north.dermatologist), reverse("cases:explanations", args=[analysis.pk])
    assert MARK in browser.get(piece).content.decode()
    case.images.update(image_manipulation="")
    assert MARK not in browser.get(piece).content.decode()


def test_an_altered_picture_says_so_too(client_for, north, case):
    case.images.update(image_manipulation="altered")
    page = client_for(north.dermatologist).get(reverse("cases:worklist")).content.decode()
    assert '<span class="made">altered</span>' in page
    page = client_for(north.dermatologist).get(reverse("cases:reading", args=[case.pk])).content.decode()
    assert "Altered: not as it was photographed" in page
    assert 'alt="Altered Dermoscopic image' in page


def test_the_api_and_the_trail_tell(api, north):
    case = CaseFactory(patient__clinic=north.clinic)
    lesion = LesionFactory(patient=case.patient)
    details = {"actor": north.staff, "case": case, "lesion": lesion, "image_type": "dermoscopic"}
    attach_image(data=jpeg(1), image_manipulation="synthetic", **details)
    attach_image(data=jpeg(2), **details)
    told = [event.payload.get("image_manipulation") for event in AuditEvent.objects.filter(action="image_attached")]
    assert told == ["synthetic", None]
    shown = api(north.staff).get(f"/api/v1/cases/{case.pk}/").json()["images"]
    assert [image["image_manipulation"] for image in shown] == ["synthetic", None]
    with pytest.raises(InvalidInput) as caught:
        attach_image(data=jpeg(3), image_manipulation="painted", **details)
    assert set(caught.value.errors) == {"image_manipulation"}
