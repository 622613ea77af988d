"""Where something is missing the page says what, and what to do: without a connection, a heatmap, or a picture."""

import re

import pytest

from tests.browser.visiting import press

expect = pytest.importorskip("playwright.sync_api", reason="the Playwright package is not installed").expect


@pytest.fixture
def case(program, pictures):
    return program("staff").ready(next(pictures))


@pytest.fixture
def page(visit):
    """Of somebody whose window no other test shares: it loses its connection here."""
    page = visit("dermatologist")
    yield page
    page.context.set_offline(False)


def test_a_queue_that_is_out_of_date_says_since_when_and_goes_on_by_itself(page):
    page.watch.expects_no_connection()
    page.goto("/worklist/?view=all")
    page.context.set_offline(True)
    told = page.locator("#notices")
    expect(told).to_contain_text(re.compile(r"The server does not answer. What you see is from \d\d:\d\d"))
    page.context.set_offline(False)
    expect(told).not_to_contain_text("does not answer")


def test_nothing_is_sent_without_a_connection_and_nothing_is_lost(case, program, page):
    program("dermatologist").post(f"cases/{case['id']}/claim/", status=200)
    page.goto(f"/cases/{case['id']}/reading/")
    press(page, "4")
    page.context.set_offline(True)
    press(page, "y")
    expect(page.locator("#notices")).to_contain_text("There is no connection, so nothing was sent.")
    expect(page.get_by_role("radio", name="Treat")).to_be_checked()
    page.context.set_offline(False)
    press(page, "y")
    expect(page.locator("#notices")).to_contain_text("Signed P-")


def test_a_search_without_an_answer_leaves_no_older_list_in_its_place(case, page):
    page.watch.expects_no_connection()
    page.goto("/patients/")
    found = page.get_by_role("region", name="Patients found")
    patient = found.get_by_role("link", name=re.compile("^P-")).first
    expect(patient).to_be_visible()
    field = page.get_by_label(re.compile("^Find by"))
    for ask in (lambda: field.fill("zellweger"), lambda: field.press("Enter")):
        page.context.set_offline(True)
        ask()
        expect(found).to_contain_text("This search has no answer.")
        expect(patient).to_have_count(0)
        page.context.set_offline(False)
        page.get_by_role("button", name="Find", exact=True).click()
        expect(patient).to_be_visible()


def test_a_heatmap_that_does_not_come_is_told_over_the_original(case, page):
    page.route("**/heat.json", lambda route: route.fulfill(body="<html>Sign in</html>", content_type="text/html"))
    page.goto(f"/cases/{case['id']}/reading/")
    expect(page.get_by_text("The heatmap could not be loaded. Reload the page to try again.")).to_be_visible()
    expect(page.get_by_role("button", name="Heat", exact=True)).to_be_disabled()


def test_a_picture_that_does_not_come_is_told_in_its_place(case, page):
    """And that it is missing is not overwritten by what its heatmap lacks."""
    page.watch.expects(404)
    page.route("**/heat.json", lambda route: route.fulfill(status=404, body=""))
    page.route("**/picture", lambda route: route.fulfill(status=404, body=""))
    page.goto(f"/cases/{case['id']}/reading/")
    expect(page.get_by_text("The image could not be loaded.")).to_be_visible()
