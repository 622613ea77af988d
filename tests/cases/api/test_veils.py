"""Veiled images over the API: nothing is sent before it was asked for."""

import pytest

from cases.models import AuditEvent
from tests.cases.api.conftest import answered_case
from tests.factories import ExplanationRequestFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def image(north):
    case = answered_case(north.clinic)
    image = case.analysis.image
    image.lesion.site = "genital"
    image.lesion.save()
    image.slow = ExplanationRequestFactory(analysis=case.analysis, done=True)
    image.analysis = case.analysis
    return image


def files(client, image):
    answers = [
        client.get(f"/api/v1/images/{image.pk}/file/"),
        client.get(f"/api/v1/analyses/{image.analysis.pk}/heatmaps/mel/"),
        client.get(f"/api/v1/explanations/{image.slow.pk}/overlay/"),
    ]
    for answer in answers:
        _ = answer.getvalue()  # which closes the file
    return answers


def test_its_bytes_are_refused_with_a_kind_that_programs_know(api, north, image):
    for answer in files(api(north.dermatologist), image):
        assert answer.status_code == 403
        assert answer.json()["type"] == "urn:skinclinic:problem:veiled"
        assert "genital area" in answer.json()["detail"]


def test_a_case_says_which_of_its_images_are_veiled(api, north, image):
    (told,) = api(north.staff).get(f"/api/v1/cases/{image.case_id}/").json()["images"]
    assert told["veil"] == ["genital"]


def test_revealed_they_come_and_the_trail_tells_of_it(api, north, image):
    client = api(north.dermatologist)
    answer = client.post(f"/api/v1/images/{image.pk}/reveal/")
    assert answer.status_code == 200
    assert set(answer.json()) == {"image", "revealed_at", "until"}
    assert [each.status_code for each in files(client, image)] == [200] * 3
    assert [each.status_code for each in files(api(north.admin), image)] == [403] * 3
    assert AuditEvent.objects.about(image.pk).get(action="image_revealed").actor == north.dermatologist


def test_another_token_of_the_same_person_shows_nothing(api, north, image):
    api(north.dermatologist).post(f"/api/v1/images/{image.pk}/reveal/")
    assert [each.status_code for each in files(api(north.dermatologist), image)] == [403] * 3


def test_what_has_no_veil_cannot_be_revealed(api, answered, north):
    answer = api(north.dermatologist).post(f"/api/v1/images/{answered.analysis.image_id}/reveal/")
    assert answer.status_code == 409
    assert "no veil" in answer.json()["detail"]


def test_a_program_marks_a_face_and_takes_the_mark_off_after_a_look(api, north, south, image):
    client, url = api(north.staff), f"/api/v1/images/{image.pk}/recognisable/"
    assert client.post(url, {"recognisable": True}).json()["recognisable"] is True
    off = {"recognisable": False, "reason": "Only an ear."}
    assert "recognisable" in client.post(url, off).json()["errors"]
    client.post(f"/api/v1/images/{image.pk}/reveal/")
    assert client.post(url, off).json()["recognisable"] is False
    assert api(south.staff).post(url, {"recognisable": True}).status_code == 404
