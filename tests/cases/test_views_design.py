"""The design system's page: made of the product's own pieces, and readable in both lights."""

import re

import pytest
from django.template import engines
from django.template.loader_tags import IncludeNode
from django.urls import reverse

from cases.theme import PAIRS, READABLE, Pair, themes
from tests.processes import REPOSITORY


def test_every_text_can_be_read_on_its_ground_by_day_and_by_night():
    for theme in themes():
        assert not [(theme.light, pair) for pair in theme.pairs if not pair.is_readable]


@pytest.mark.parametrize(
    ("text", "ground", "contrast"),
    [("#000000", "#ffffff", 21), ("#ffffff", "#ffffff", 1), ("#767676", "#ffffff", 4.54)],
)
def test_contrast_is_measured_as_the_standard_does(text, ground, contrast):
    assert Pair("a", "b", text, ground).contrast == pytest.approx(contrast, abs=0.01)
    assert READABLE == 4.5


def test_both_lights_know_every_colour_and_differ():
    day, night = themes()
    assert day.variables.keys() == night.variables.keys()
    assert {*PAIRS, *(ground for grounds in PAIRS.values() for ground in grounds)} <= day.variables.keys()
    assert day.variables["ink"] != night.variables["ink"]
    assert [name for name, _ in day.starting("s")] == ["s1", "s2", "s3", "s4", "s5", "s6"]


def test_the_page_shows_the_pieces_and_asks_nothing_about_patients(client_for, north):
    page = client_for(north.admin).get(reverse("cases:design")).content.decode()
    for piece in (
        "tier-urgent",
        "is-invalid",
        "notice-error",
        "data-case",
        "viewer-bar",
        "probabilities",
        "worklist-empty",
    ):
        assert piece in page
    assert "This field is required." in page
    assert not north.clinic.patients.exists()


def test_pieces_that_the_product_has_are_included_and_not_copied():
    template = engines["django"].get_template("design/design.html").template
    included = {str(node.template) for node in template.nodelist.get_nodes_by_type(IncludeNode)}
    of_the_product = {name.strip("'\"") for name in included if "design/" not in name}
    assert len(of_the_product) >= 10
    own = "".join(path.read_text() for path in (REPOSITORY / "templates" / "design").glob("*.html"))
    assert not re.search(r'class="(tier |notice |worklist-empty|case-list|steps|viewer-bar)', own)
