"""Deciding by keyboard alone, and two readers at one case."""

import re

import pytest

from tests.browser import probes
from tests.browser.visiting import NARROW, press

expect = pytest.importorskip("playwright.sync_api", reason="the Playwright package is not installed").expect
TARGET = 44  # pixels that a thumb needs


@pytest.fixture
def case(program, pictures):
    """A case of this test alone, with the network's answer."""
    return program("staff").ready(next(pictures))


@pytest.fixture
def held(case, program):
    """The same, held by the clinic's first dermatologist."""
    program("dermatologist").post(f"cases/{case['id']}/claim/", status=200)
    return case


def reading(case):
    return f"/cases/{case['id']}/reading/"


def answer_to(page, act):
    """What the server says to the form that this act sends."""
    with page.expect_response(lambda answer: answer.request.method == "POST") as told:
        act()
    return told.value


def test_a_case_is_confirmed_by_keyboard_alone(case, program, visit):
    page = visit("dermatologist")
    page.goto(reading(case))
    press(page, "c")
    expect(page.get_by_text("Held by you until")).to_be_visible()
    expect(page.get_by_role("radio", name="Monitor")).not_to_be_checked()
    press(page, "3")
    expect(page.get_by_role("radio", name="Monitor")).to_be_checked()
    press(page, "y")
    expect(page.locator("#notices")).to_contain_text(re.compile("Signed P-.+, monitor"))
    press(page, "u")  # signing leads to the next case and holds it; it is given back
    page.wait_for_url("**/worklist/")
    (read,) = program("dermatologist").get(f"cases/{case['id']}/")["reads"]
    assert (read["decision"], read["management"]) == ("confirm", "monitor")
    assert read["diagnosis"] == max(case["analyses"][0]["probabilities"].items(), key=lambda pair: pair[1])[0]


def test_nothing_is_signed_without_a_management(held, program, visit):
    page = visit("dermatologist")
    page.goto(reading(held))
    press(page, "y")
    expect(page.get_by_text("Held by you until")).to_be_visible()
    expect(page.get_by_text("Choose the management first")).to_be_visible()
    press(page, "Space")
    expect(page.get_by_role("radio", name="Discharge")).not_to_be_checked()
    assert program("dermatologist").get(f"cases/{held['id']}/")["state"] == "in_review"


def test_melanoma_is_not_discharged_without_a_second_word(held, program, visit):
    page = visit("dermatologist")
    page.goto(reading(held))
    press(page, "o")
    page.get_by_role("radio", name="Discharge").check()
    press(page, "Enter")  # confirms nothing behind the override
    expect(page.get_by_text("Held by you until")).to_be_visible()
    assert program("dermatologist").get(f"cases/{held['id']}/")["reads"] == []
    page.get_by_label("Your diagnosis").select_option("mel")
    page.get_by_label("Because of").select_option("dermoscopic_criteria")
    page.watch.expects(422)
    page.get_by_role("button", name="Sign override").click()
    expect(page.get_by_text("You are signing melanoma with discharge. Sign it anyway?")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^Sign it anyway"))).to_be_focused()
    press(page, "y")  # the key that signs is no answer
    assert program("dermatologist").get(f"cases/{held['id']}/")["reads"] == []
    press(page, "Enter")
    expect(page.locator("#notices")).to_contain_text(re.compile("Signed P-.+: melanoma, discharge"))
    press(page, "u")
    page.wait_for_url("**/worklist/")


def test_keys_rest_while_somebody_types(held, program, visit):
    page = visit("dermatologist")
    page.goto(reading(held))
    press(page, "3")
    press(page, "o")
    expect(page.get_by_label("Your diagnosis")).to_be_focused()
    page.get_by_role("textbox", name="Comment").press_sequentially("you may yet try")
    press(page, "Escape")
    expect(page.get_by_role("button", name=re.compile("^Override"))).to_be_focused()
    assert program("dermatologist").get(f"cases/{held['id']}/")["state"] == "in_review"


def test_the_list_of_keys_opens_and_closes(case, visit):
    page = visit("dermatologist")
    page.goto(reading(case))
    press(page, "?")
    keys = page.get_by_role("dialog", name="Keys")
    expect(keys).to_be_visible()
    press(page, "c")  # behind the list nothing acts
    press(page, "Escape")
    expect(keys).to_be_hidden()
    expect(page.get_by_role("button", name=re.compile("Claim to read"))).to_be_visible()


def test_a_second_reader_is_told_who_is_reading(case, program, visit):
    """Their page was opened before the first one claimed it."""
    page = visit("colleague")
    page.goto(reading(case))
    claim = page.get_by_role("button", name=re.compile("Claim to read"))
    expect(claim).to_be_visible()
    program("dermatologist").post(f"cases/{case['id']}/claim/", status=200)
    page.watch.expects(409)
    assert answer_to(page, claim.click).status == 409
    expect(page.locator("#notices")).to_contain_text(re.compile(r"demo-dermatologist holds this case since \d\d:\d\d"))
    expect(page.get_by_role("button", name=re.compile("Claim to read"))).to_have_count(0)
    expect(page.get_by_text(re.compile("demo-dermatologist reads this case since"))).to_be_visible()


def test_a_claim_that_was_lost_signs_nothing(held, program, visit):
    """The reader was away, the claim went to a colleague, and the old page still has its form."""
    page = visit("dermatologist")
    page.goto(reading(held))
    press(page, "3")
    expect(page.get_by_role("radio", name="Monitor")).to_be_checked()
    program("dermatologist").post(f"cases/{held['id']}/release/", status=200)
    program("colleague").post(f"cases/{held['id']}/claim/", status=200)
    page.watch.expects(409)
    assert answer_to(page, lambda: press(page, "y")).status == 409
    expect(page.locator("#notices")).to_contain_text("colleague")
    now = program("colleague").get(f"cases/{held['id']}/")
    assert (now["state"], now["reads"]) == ("in_review", [])


def test_a_face_is_veiled_by_keyboard_and_stays_so(case, program, visit):
    page = visit("dermatologist")
    page.goto(reading(case))
    press(page, "?")
    expect(page.get_by_role("dialog", name="Keys")).to_contain_text("whether a person can be recognised")
    press(page, "Escape")
    expect(page.get_by_role("img", name=re.compile("Dermoscopic image"))).to_be_visible()
    press(page, "p")
    expect(page.get_by_role("button", name="Veil this image")).to_be_focused()
    press(page, "Enter")
    expect(page.get_by_role("button", name=re.compile("Show image: recognisable person"))).to_be_visible()
    expect(page.locator("#notices")).to_contain_text("The image is veiled. That was recorded.")
    image = case["images"][0]["id"]
    (event,) = [one for one in marks(program) if one["object_id"] == image]
    assert event["payload"]["recognisable"] is True
    colleague = visit("colleague")
    colleague.goto(reading(case))
    expect(colleague.get_by_role("button", name=re.compile("Show image: recognisable person"))).to_be_visible()


def marks(program):
    return program("admin").get("audit-events/?action=image_marked")["results"]


def bottom(box):
    return box["y"] + box["height"]


def within(box, viewport):
    sides = box["x"] + box["width"] <= viewport["width"], bottom(box) <= viewport["height"]
    return min(box["x"], box["y"]) >= 0 and all(sides)


def test_every_management_can_be_seen_and_tapped_on_a_telephone(held, visit):
    page = visit("dermatologist", viewport=NARROW)
    page.goto(reading(held))
    expect(page.get_by_role("radio", name="Urgent referral")).to_be_attached()
    assert probes.overflow(page) == []
    boxes = [label.bounding_box() for label in page.locator(".chips-management label").all()]
    assert len(boxes) == 7
    for box in boxes:
        assert min(box["width"], box["height"]) >= TARGET, box
        assert within(box, NARROW), box


def test_on_a_low_desk_the_decision_covers_none_of_the_result(held, visit):
    page = visit("dermatologist", viewport={"width": 1440, "height": 900})
    page.goto(reading(held))
    findings, decision = page.get_by_role("group", name="Result", exact=True), page.locator(".read")
    findings.locator("summary").last.focus()
    focused, above, below = (each.bounding_box() for each in (findings.locator("summary").last, findings, decision))
    assert above["y"] <= focused["y"]
    assert bottom(focused) <= bottom(above) <= below["y"]
    assert within(below, page.viewport_size)
