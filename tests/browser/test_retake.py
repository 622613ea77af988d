"""A new image is asked for, taken and read, by keyboard alone: on a desk and on a telephone."""

import re

import pytest

from tests.browser import probes
from tests.browser.visiting import NARROW, WIDE, press

expect = pytest.importorskip("playwright.sync_api", reason="the Playwright package is not installed").expect


@pytest.fixture
def case(program, pictures):
    """A case of this test alone, held by the clinic's first dermatologist."""
    case = program("staff").ready(next(pictures))
    program("dermatologist").post(f"cases/{case['id']}/claim/", status=200)
    return case


def places(program, case):
    """The parts of the worklist in which the case stands."""
    parts = {"waiting": "", "awaiting": "?state=awaiting_images"}
    rows = {name: program("dermatologist").get(f"worklist/{query}")["results"] for name, query in parts.items()}
    return [name for name, found in rows.items() if case["id"] in {row["id"] for row in found}]


def tab_to(page, control):
    """With the tabulator only."""
    for _ in range(80):
        if control.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the tabulator does not reach {control}")


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["desk", "telephone"])
def test_the_loop_by_keyboard(case, program, pictures, visit, viewport):
    reader = visit("dermatologist", viewport=viewport)
    ask_for_another(reader, case)
    assert places(program, case) == ["awaiting"]
    staff = visit("staff", viewport=viewport)
    send_another(staff, case, next(pictures))
    program("staff").wait_until_analysed(case["id"])
    assert places(program, case) == ["waiting"]
    reader.goto(f"/cases/{case['id']}/reading/")
    expect(reader.get_by_text("Closer, please.")).to_be_visible()
    expect(reader.locator(".viewer-about")).to_contain_text("image 2 of 2")
    assert probes.overflow(reader) == []
    old, new = program("staff").get(f"cases/{case['id']}/")["images"]
    assert (old["replaces"], new["replaces"]) == (None, old["id"])


def ask_for_another(page, case):
    page.goto(f"/cases/{case['id']}/reading/")
    press(page, "r")
    expect(page.get_by_role("radio", name="Out of focus")).to_be_focused()
    for key in "cujkqy":  # none of them leaves the form or signs behind it
        press(page, key)
    press(page, "2")
    expect(page.get_by_role("radio", name="Too dark")).to_be_checked()
    press(page, "Escape")  # nothing was asked for
    expect(page.get_by_role("button", name=re.compile("^Retake"))).to_be_focused()
    press(page, "r")
    comment = page.get_by_label("What to do better")
    tab_to(page, comment)
    page.keyboard.type("Closer, please.")
    assert probes.overflow(page) == []
    tab_to(page, page.get_by_role("button", name=re.compile("^Ask staff")))
    press(page, "Enter")
    expect(page.locator("#notices")).to_contain_text(re.compile("New image asked for P-.+: too dark"))
    if "/reading/" in page.url:
        press(page, "u")  # the next case is held; it is given back
        page.wait_for_url("**/worklist/")


def send_another(page, case, picture):
    page.goto("/")
    task = page.locator(f".asked-list a[href*='{case['id']}']")
    expect(task).to_contain_text("Closer, please.")
    assert probes.overflow(page) == []
    tab_to(page, task)
    press(page, "Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Retake for P-")
    expect(page.get_by_role("combobox", name="In place of")).not_to_have_value("")
    picker = page.get_by_label("Image files")
    tab_to(page, picker)
    picker.set_input_files({"name": "closer.jpg", "mimeType": "image/jpeg", "buffer": picture})
    expect(page.get_by_text("In place of the image that was asked about")).to_be_visible()
    assert probes.overflow(page) == []
    send = page.get_by_role("button", name="Send the new image")
    expect(send).to_be_enabled()
    tab_to(page, send)
    press(page, "Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Case of P-")
