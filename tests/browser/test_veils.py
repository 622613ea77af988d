"""A sensitive image in the browser: not one byte of it crosses the wire before somebody asks."""

import re

import pytest

from tests.browser import probes
from tests.browser.visiting import NARROW, WIDE, press

expect = pytest.importorskip("playwright.sync_api", reason="the Playwright package is not installed").expect


@pytest.fixture
def case(program, pictures):
    """A case of this test alone, of the genital area."""
    return program("staff").ready(next(pictures), site="genital")


def files(case):
    image, analysis = case["images"][0]["id"], case["analyses"][0]["id"]
    return re.compile(f"/media/(images/{image}|analyses/{analysis})")


def note_fetches(page, case):
    """Filled with the addresses of what the page asks for."""
    fetched = []
    page.on("request", lambda request: fetched.append(request.url) if files(case).search(request.url) else None)
    return fetched


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["desk", "telephone"])
def test_nothing_is_fetched_before_the_key_and_all_after_it(case, program, visit, viewport):
    page = visit("dermatologist", viewport=viewport)
    fetched = note_fetches(page, case)
    page.goto("/worklist/?view=all")
    page.goto(f"/cases/{case['id']}/reading/")
    button = page.get_by_role("button", name=re.compile("Show image: genital area"))
    expect(button).to_be_visible()
    assert probes.overflow(page) == []
    assert fetched == []
    press(page, "v")
    expect(page.get_by_role("img", name=re.compile("Dermoscopic image of lesion"))).to_be_visible()
    expect(page.locator("[data-stage]")).to_be_focused()
    expect(page.get_by_role("button", name="Heat", exact=True)).to_be_enabled()
    assert {url.rsplit("/", 1)[-1] for url in fetched} == {"picture", "heat.json"}
    event = program("admin").get("audit-events/?action=image_revealed")["results"][0]
    assert event["object_id"] == case["images"][0]["id"]


def test_it_is_veiled_again_after_a_while_and_for_everybody_else(case, visit):
    page, colleague = visit("dermatologist"), visit("colleague")
    page.clock.install()
    page.goto(f"/cases/{case['id']}/reading/")
    page.get_by_role("button", name=re.compile("Show image")).click()
    picture = page.get_by_role("img", name=re.compile("Dermoscopic image of lesion"))
    expect(picture).to_be_visible()
    colleague.goto(f"/cases/{case['id']}/reading/")
    expect(colleague.get_by_role("button", name=re.compile("Show image"))).to_be_visible()
    page.clock.fast_forward("15:01")
    expect(page.get_by_role("button", name=re.compile("Show image"))).to_be_visible()
    expect(picture).to_have_count(0)


def test_turning_elsewhere_in_a_second_window_covers_it_in_the_first(case, visit):
    page = visit("dermatologist")
    page.goto(f"/cases/{case['id']}/reading/")
    page.get_by_role("button", name=re.compile("Show image")).click()
    picture = page.get_by_role("img", name=re.compile("Dermoscopic image of lesion"))
    expect(picture).to_be_visible()
    second = page.context.new_page()
    second.goto(f"/cases/{case['id']}/reading/")
    expect(second.get_by_role("img", name=re.compile("Dermoscopic image of lesion"))).to_be_visible()
    expect(picture).to_be_visible()
    second.goto("/worklist/?view=all")
    expect(picture).to_have_count(0)
    expect(page.get_by_role("button", name=re.compile("Show image"))).to_be_visible()


def test_staff_see_it_on_the_way_of_the_case(case, visit):
    page = visit("staff")
    fetched = note_fetches(page, case)
    page.goto(f"/cases/{case['id']}/")
    show = page.get_by_role("button", name="Show image: genital area. Showing is recorded.")
    expect(show).to_be_visible()
    assert fetched == []
    show.press("Enter")
    picture = page.get_by_role("img", name=re.compile("Dermoscopic image"))
    expect(picture).to_be_visible()
    expect(picture).to_be_focused()
    assert probes.pictures(page) == []
