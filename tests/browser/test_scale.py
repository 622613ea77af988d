"""The scale of an image in the reading room: a line drawn over a known length, the bar that follows the zoom."""

import re

import pytest

from tests.browser.probes import accessibility, overflow
from tests.browser.visiting import NARROW

expect = pytest.importorskip("playwright.sync_api", reason="the Playwright package is not installed").expect

SHOWN = """bar => {
    const picture = document.querySelector('[data-picture] img').getBoundingClientRect();
    return [bar.getBoundingClientRect().width / picture.width, parseFloat(bar.textContent)];
}"""


@pytest.fixture
def case(program, pictures):
    return program("staff").ready(next(pictures))


@pytest.fixture
def image(case):
    return case["images"][0]


def in_the_reading_room(visit, case, **window):
    page = visit("dermatologist", **window)
    page.goto(f"/cases/{case['id']}/reading/")
    page.wait_for_load_state()
    return page


def test_the_bar_is_as_long_as_it_says_at_every_zoom(case, image, program, visit):
    said = {"basis": "stated", "pixel_spacing": "0.0300"}
    program("staff").post(f"images/{image['id']}/scales/", **said)
    page = in_the_reading_room(visit, case)
    bar, lengths = page.locator("[data-scale-bar]"), set()
    for step in range(4):
        if step:
            page.get_by_role("button", name="Zoom in").click()
        share, millimetres = bar.evaluate(SHOWN)
        assert share * image["width"] * 0.03 == pytest.approx(millimetres, rel=0.01)
        assert str(millimetres).strip("0.")[0] in "125"
        expect(page.get_by_role("img", name=f"Scale bar: {millimetres:g} mm")).to_be_visible()
        lengths.add(millimetres)
    assert len(lengths) > 1


def test_a_line_over_a_ruler_says_the_scale_and_the_diameter_follows(case, image, program, visit):
    page = in_the_reading_room(visit, case)
    expect(page.locator("[data-scale-bar]")).to_have_count(0)
    expect(page.get_by_role("rowheader", name="Diameter")).to_have_count(0)
    page.get_by_text(re.compile("^Scale: not known")).click()
    page.get_by_role("button", name="Draw a line over a ruler").click()
    start, end = page.get_by_role("button", name=re.compile("of the line")).all()
    field = page.get_by_label("Pixels it covers")
    expect(start).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(field).to_have_value("")
    expect(page.get_by_text("Put both ends on the ruler")).to_be_visible()
    there = end.bounding_box()
    page.mouse.move(there["x"] + 12, there["y"] + 12)
    page.mouse.down()
    page.mouse.move(there["x"] - 40, there["y"] + 12)
    page.mouse.up()
    before = float(field.input_value())
    start.focus()
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("ArrowLeft")
    drawn = float(field.input_value())
    assert drawn == pytest.approx(before + 11, abs=0.11)
    assert drawn > 20
    page.get_by_label("A known length, mm").fill("4")
    page.get_by_role("button", name="Set", exact=True).click()
    expect(page.locator("#notices")).to_contain_text("The scale of the image was set")
    expect(page.locator("[data-scale-bar]")).to_be_visible()
    expect(page.get_by_role("rowheader", name="Diameter")).to_be_visible()
    (scale,) = program("dermatologist").get(f"images/{image['id']}/scales/")["results"]
    assert (scale["basis"], float(scale["length_px"])) == ("ruler", drawn)
    assert float(scale["pixel_spacing"]) == pytest.approx(4 / drawn, abs=1e-6)
    (analysis,) = program("dermatologist").get(f"cases/{case['id']}/")["analyses"]
    measured = analysis["descriptors"]
    assert measured["diameter_mm"] == pytest.approx(measured["diameter_px"] * 4 / drawn, rel=1e-3)


def test_a_line_that_nobody_placed_says_no_length(case, visit):
    page = in_the_reading_room(visit, case)
    page.get_by_text(re.compile("^Scale: not known")).click()
    field, draw = page.get_by_label("Pixels it covers"), page.get_by_role("button", name="Draw a line over a ruler")
    draw.click()
    assert page.evaluate("document.documentElement.scrollHeight - innerHeight") <= 0, "what scrolls is the panel"
    expect(field).to_have_value("")
    for end in page.get_by_role("button", name=re.compile("of the line")).all():
        end.press("Enter")
    expect(field).not_to_have_value("")
    draw.click()
    expect(field).to_have_value("")
    field.fill("180")
    for _ in range(2):
        draw.click()
        expect(field).to_have_value("180")


@pytest.mark.parametrize("where", ["intake", "reading"])
def test_a_scale_of_a_like_image_fills_the_field_and_is_set_by_the_person_alone(image, program, pictures, visit, where):
    staff = program("staff")
    line = {"basis": "ruler", "length_mm": 4, "length_px": 160}
    staff.post(f"images/{image['id']}/scales/", **line)
    case = staff.draft(picture=next(pictures)) if where == "intake" else staff.ready(next(pictures))
    (new,) = case["images"]
    page = visit("dermatologist", viewport=NARROW)
    page.goto(f"/cases/{case['id']}/{where}/")
    page.get_by_text(re.compile("^Scale: not known")).click()
    offers = page.get_by_role("group", name="Scales of like images")
    expect(offers).to_contain_text("measured")
    offers.get_by_role("button", name="0.025 mm/px").click()
    field = page.get_by_label("or millimetres per pixel")
    expect(field).to_have_value("0.025")
    expect(field).to_be_focused()
    assert overflow(page) == []
    assert accessibility(page, only_colours=False) == []
    assert staff.get(f"images/{new['id']}/scales/")["results"] == []
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile("^Scale: 0.025 mm per pixel"))).to_be_visible()
    (said,) = staff.get(f"images/{new['id']}/scales/")["results"]
    assert (said["basis"], said["pixel_spacing"]) == ("stated", "0.025000")
