"""The scale of an image as a program says it."""

import pytest
from drf_spectacular.generators import SchemaGenerator

from cases.models import AuditEvent
from tests.cases.api.test_contract import path_of, validated
from tests.factories import CaseFactory, LesionImageFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def image(north):
    """400 × 300 pixels."""
    return LesionImageFactory(case=CaseFactory(patient__clinic=north.clinic, ready=True))


def test_the_same_scale_again_changes_nothing_and_is_answered_with_the_one_that_holds(north, image, api):
    description = SchemaGenerator().get_schema(request=None, public=True)
    client, address = api(north.staff), f"/api/v1/images/{image.pk}/scales/"

    def say(**said):
        return validated(description, client.post(address, said), "POST", path_of("POST scales"))

    stated, ruler = {"basis": "stated", "pixel_spacing": "0.02"}, {"basis": "ruler", "length_mm": 2, "length_px": 100}
    for said in (stated, ruler, {"basis": "unknown"}, stated):  # the same figure by another way is another word
        first, again = say(**said), say(**said)
        assert (first.status_code, again.status_code) == (201, 200)
        assert first.json() == again.json()
    assert image.scales.count() == 4
    assert AuditEvent.objects.about(image.pk).filter(action="image_scaled").count() == 4


def test_scales_of_like_images_are_listed_for_a_person_to_choose(north, image, api):
    other, client = LesionImageFactory(case=CaseFactory(patient__clinic=north.clinic)), api(north.staff)
    client.post(f"/api/v1/images/{other.pk}/scales/", {"basis": "ruler", "length_mm": 2, "length_px": 100})
    (offered,) = client.get(f"/api/v1/images/{image.pk}/scale-suggestions/").json()["results"]
    assert (offered["image"], offered["basis"], offered["pixel_spacing"]) == (str(other.pk), "ruler", "0.020000")
    image.refresh_from_db()
    assert image.pixel_spacing is None
