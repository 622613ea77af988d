"""What a reader has typed outlives a reload, a session that ended, and a claim that was lost; nothing is signed by it."""

import re

import pytest

from tests.browser.visiting import press

expect = pytest.importorskip("playwright.sync_api", reason="the Playwright package is not installed").expect


@pytest.fixture
def case(program, pictures):
    """A case of this test alone, held by the clinic's first dermatologist."""
    case = program("staff").ready(next(pictures))
    program("dermatologist").post(f"cases/{case['id']}/claim/", status=200)
    return case


def fill_in(page, case, words):
    page.goto(f"/cases/{case['id']}/reading/")
    press(page, "4")
    page.locator("details.comment summary").click()
    page.get_by_role("textbox", name="Comment").fill(words)


def assert_filled_in(page, words):
    expect(page.get_by_role("textbox", name="Comment")).to_have_value(words)
    expect(page.get_by_role("radio", name="Treat")).to_be_checked()
    expect(page.get_by_text("What you had filled in stands here again.")).to_be_visible()


def reads_of(program, case):
    return program("staff").get(f"cases/{case['id']}/")["reads"]


def test_a_reload_loses_nothing_and_a_new_start_empties_the_form(case, program, visit):
    page = visit("dermatologist")
    fill_in(page, case, "Grey veil at three o'clock.")
    page.reload()
    assert_filled_in(page, "Grey veil at three o'clock.")
    page.get_by_role("button", name="Start anew").click()
    expect(page.get_by_text("What you had filled in stands here again.")).to_be_hidden()
    expect(page.get_by_role("radio", name="Treat")).not_to_be_checked()


def test_a_session_that_ended_signs_nothing_and_keeps_the_words(case, program, doors, visit):
    page = visit(None)
    doors.sign_in(page, "dermatologist")
    fill_in(page, case, "Regression in the centre.")
    page.context.clear_cookies(name="sessionid")
    page.locator("body").click(position={"x": 5, "y": 5})
    press(page, "y")
    expect(page.get_by_text("You were signed out before this was sent, so nothing was signed.")).to_be_visible()
    assert reads_of(program, case) == []
    login = doors.login("dermatologist")
    page.get_by_label("Username").fill(login["username"])
    page.get_by_label("Password").fill("mistyped")
    press(page, "Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("Username").fill(login["username"])
    page.get_by_label("Password").fill(login["password"])
    press(page, "Enter")
    page.wait_for_url(f"**/cases/{case['id']}/reading/")
    assert_filled_in(page, "Regression in the centre.")
    page.locator("body").click(position={"x": 5, "y": 5})
    press(page, "y")
    expect(page.locator("#notices")).to_contain_text("Signed P-")
    (read,) = reads_of(program, case)
    assert read["comment"] == "Regression in the centre."
    assert drafts_in(page) == []


def drafts_in(page):
    return page.evaluate("Object.keys(sessionStorage).filter((key) => key.startsWith('draft:'))")


def test_signing_out_leaves_nothing_of_it_in_any_window(case, doors, visit):
    page = visit(None)
    doors.sign_in(page, "dermatologist")
    second = page.context.new_page()
    for window in (page, second):
        fill_in(window, case, "Looks like his brother's.")
        assert len(drafts_in(window)) == 1
    page.goto("/accounts/logout/")
    page.get_by_role("main").get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert drafts_in(page) == drafts_in(second) == []
    second.get_by_role("textbox", name="Comment").fill("Somebody else types.")
    assert drafts_in(second) == []


def test_nothing_of_it_waits_where_somebody_else_signs_in(case, doors, visit):
    page = visit(None)
    doors.sign_in(page, "dermatologist")
    fill_in(page, case, "Looks like his brother's.")
    page.context.clear_cookies(name="sessionid")
    page.goto("/accounts/login/")
    assert drafts_in(page) == []


def test_a_claim_that_was_lost_says_to_whom_and_since_when_and_keeps_the_words(case, program, visit):
    page = visit("dermatologist")
    fill_in(page, case, "Not yet sure.")
    program("dermatologist").post(f"cases/{case['id']}/release/", status=200)
    program("colleague").post(f"cases/{case['id']}/claim/", status=200)
    page.watch.expects(409)
    page.locator("body").click(position={"x": 5, "y": 5})
    press(page, "y")
    told = page.locator("#notices")
    expect(told).to_contain_text(re.compile(r"demo-colleague holds this case since \d\d:\d\d"))
    expect(told).to_contain_text("Your read was not recorded.")
    expect(page.get_by_text(re.compile(r"demo-colleague reads this case since \d\d:\d\d"))).to_be_visible()
    assert reads_of(program, case) == []
    page.goto(f"/cases/{case['id']}/reading/")
    expect(page.get_by_text("What you wrote about this case is not signed.")).to_contain_text("Not yet sure.")


def test_drafts_of_somebody_else_are_gone(case, program, doors, visit):
    page = visit(None)
    doors.sign_in(page, "dermatologist")
    fill_in(page, case, "For my eyes only.")
    page.context.clear_cookies()
    doors.sign_in(page, "colleague")
    page.goto("/worklist/")
    assert "For my eyes only." not in page.evaluate("JSON.stringify({ ...sessionStorage })")
