"""Twenty cases triaged by keyboard alone, from the sign-in to the twentieth decision."""

import re
import secrets

import pytest

from tests.browser.visiting import press

expect = pytest.importorskip("playwright.sync_api", reason="the Playwright package is not installed").expect

CASES = 20


@pytest.fixture(scope="module")
def login(clinic):
    """Of a dermatologist with a clinic and a queue of their own."""
    login = {"username": "demo-twenty", "password": secrets.token_urlsafe(12)}
    clinic.fill_queue(**login, count=CASES)
    clinic.logins["twenty"] = login
    return login


def tab_to(page, control):
    """With the tabulator only."""
    for _ in range(60):
        if control.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the tabulator does not reach {control}")


def sign_in(page, login):
    page.goto("/accounts/login/")
    expect(page.get_by_label("Username")).to_be_focused()
    page.keyboard.type(login["username"])
    page.keyboard.press("Tab")
    page.keyboard.type(login["password"])
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"{CASES} waiting")


def confirm(page):
    press(page, "4")
    press(page, "y")


def override(page):
    press(page, "5")
    press(page, "o")
    expect(page.get_by_label("Your diagnosis")).to_be_focused()
    page.keyboard.type("Basal")
    page.keyboard.press("Tab")
    page.keyboard.type("Clin")
    tab_to(page, page.get_by_role("button", name="Sign override"))
    press(page, "Enter")


def ask_for_a_retake(page):
    press(page, "r")
    expect(page.get_by_role("radio", name="Out of focus")).to_be_focused()
    press(page, "4")
    expect(page.get_by_role("radio", name="Glare on the skin")).to_be_checked()
    press(page, "Enter")


def back_to_the_queue(page):
    """The next case was held at once; it is given back."""
    press(page, "u")
    page.wait_for_url("**/worklist/")


def claim_the_third_row(page):
    for key in "jjjk":
        press(page, key)
    expect(page.locator("tr.is-here")).to_have_count(1)
    press(page, "j")
    press(page, "c")


def look_first_then_claim(page):
    press(page, "j")
    press(page, "Enter")
    page.wait_for_url("**/reading/")
    press(page, "j")  # the next case, and back again
    expect(page.get_by_role("button", name=re.compile("Claim to read"))).to_be_visible()
    press(page, "k")
    expect(page.get_by_role("button", name=re.compile("Claim to read"))).to_be_visible()
    press(page, "c")


def read_next(page):
    press(page, "n")


def test_twenty_cases_without_a_mouse(login, visit, program):
    page = visit(None)
    sign_in(page, login)
    tab_to(page, page.get_by_role("link", name="Whole queue"))
    press(page, "Enter")
    page.wait_for_url("**/worklist/")
    ways_in = [read_next, claim_the_third_row, look_first_then_claim]
    decisions = [
        (confirm, "Signed P-.+: benign keratosis, treat"),
        (override, "Signed P-.+: basal cell carcinoma, biopsy"),
        (confirm, "Signed P-.+: benign keratosis, treat"),
        (ask_for_a_retake, "New image asked for P-.+: glare"),
        (confirm, "Signed P-.+: benign keratosis, treat"),
    ]
    for number in range(CASES):
        if "/worklist/" in page.url:
            ways_in[number % len(ways_in)](page)
        expect(page.locator("#hold")).to_be_visible()
        here = page.url
        decide, words = decisions[number % len(decisions)]
        decide(page)
        page.wait_for_url(lambda url, here=here: url != here)
        expect(page.locator("#notices")).to_contain_text(re.compile(words))
        if number % 4 == 3 and number + 1 < CASES:
            back_to_the_queue(page)
    expect(page.locator("#notices")).to_contain_text("Nothing else waits")
    trail = program("twenty").get("cases/?page_size=200")["results"]
    assert sorted({case["state"] for case in trail}) == ["awaiting_images", "decided"]
    assert len([case for case in trail if case["state"] == "decided"]) == 16
    assert len([case for case in trail if case["state"] == "awaiting_images"]) == 4
