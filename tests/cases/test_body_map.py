"""The body map and the lists say the same codes."""

import re

import pytest
from django.urls import reverse

from cases import body_map
from cases.models import Lesion
from cases.vocabulary import Laterality, Site
from tests.factories import CaseFactory, LesionFactory

AXIAL = {"scalp", "face", "neck", "chest", "abdomen", "back", "trunk"}


def test_every_site_that_can_be_drawn_is_there_with_its_sides():
    sides = {}
    for region in body_map.REGIONS:
        sides.setdefault(region.site, set()).add(region.laterality)
    assert set(sides) == set(Site.values) - {"unknown"}
    for site, found in sides.items():
        paired = {"midline"} if site == "genital" else {"left", "right"} | ({"midline"} if site in AXIAL else set())
        assert found == paired, site


def test_each_place_has_its_own_name_and_lies_on_the_map():
    names = [region.name for region in body_map.REGIONS]
    assert len(names) == len(set(names))
    for region in body_map.REGIONS:
        points = [(float(x), float(y)) for x, y in re.findall(r"(-?[\d.]+),(-?[\d.]+)", region.path)]
        assert all(0 <= x <= body_map.WIDTH and 0 <= y <= body_map.HEIGHT for x, y in points), region.name


def test_the_patients_right_is_on_the_left_from_the_front_and_on_the_right_from_behind():
    place = {
        (each.view, each.laterality): float(each.path[1:].split(",")[0])
        for each in body_map.REGIONS
        if each.site == "hand"
    }
    assert place["front", "right"] < place["front", "left"]
    assert place["back", "left"] < place["back", "right"]


def test_a_side_that_is_unknown_shows_the_whole_site_and_an_unknown_site_nothing():
    one, whole = body_map.shapes_of("chest", "left"), body_map.shapes_of("chest", Laterality.UNKNOWN)
    assert one in whole
    assert whole.count("M") == 3
    assert body_map.shapes_of("unknown", "left") == ""


@pytest.mark.django_db
def test_the_point_is_kept_with_the_lesion_and_shown_at_the_patient(north, client_for):
    staff, case = client_for(north.staff), CaseFactory(patient__clinic=north.clinic)
    where = reverse("cases:add_lesion", args=[case.pk])
    staff.post(where, {"site": "back", "laterality": "left", "body_x": "0.7", "body_y": "0.25"})
    lesion = Lesion.objects.get()
    assert (lesion.site, lesion.laterality, lesion.body_x, lesion.body_y) == ("back", "left", 0.7, 0.25)
    page = staff.get(reverse("cases:patient", args=[case.patient_id])).content.decode()
    assert f'cx="{0.7 * body_map.WIDTH:g}.0"' in page
    assert body_map.shapes_of("back", "left") in page


@pytest.mark.django_db
@pytest.mark.parametrize("point", [{"body_x": "0.5"}, {"body_x": "2", "body_y": "0.5"}], ids=["half", "outside"])
def test_a_point_that_is_none_adds_nothing(north, client_for, point):
    case = CaseFactory(patient__clinic=north.clinic)
    answer = client_for(north.staff).post(
        reverse("cases:add_lesion", args=[case.pk]), {"site": "back", "laterality": "left", **point}
    )
    assert answer.status_code == 422
    assert not Lesion.objects.exists()


@pytest.mark.django_db
def test_a_lesion_without_a_point_is_shown_by_its_site(north, client_for):
    lesion = LesionFactory(patient__clinic=north.clinic, site="face", laterality="right")
    page = client_for(north.staff).get(reverse("cases:patient", args=[lesion.patient_id])).content.decode()
    assert body_map.shapes_of("face", "right") in page
    assert 'class="point"' not in page
