"""A filter under a name: saved, opened by its key, made the first thing to be seen, and deleted."""

import re

import pytest

from tests.browser import probes
from tests.browser.visiting import NARROW, press

expect = pytest.importorskip("playwright.sync_api", reason="the Playwright package is not installed").expect


def test_from_saving_to_deleting(program, pictures, visit):
    case = program("staff").ready(next(pictures), site="ear")
    page = visit("dermatologist")
    page.goto("/worklist/?view=all")
    page.get_by_label("Site").select_option("ear")
    page.wait_for_url("**site=ear*")
    page.get_by_label("Save this filter as").fill("Ears of today")
    press(page, "Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("^1 case in “Ears of today”$"))
    expect(page.locator(f"tr[data-case='{case['id']}']")).to_be_visible()
    assert probes.accessibility(page, only_colours=False) == []
    page.goto("/worklist/?view=mine")
    expect(page.get_by_role("link", name="Ears of today 1")).to_be_visible()
    press(page, "1")
    page.wait_for_url("**saved=*")
    page.locator(".saved-filter summary").click()
    page.get_by_role("button", name="Open first").click()
    page.goto("/worklist/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Ears of today")
    page.set_viewport_size(NARROW)
    assert probes.overflow(page) == []
    page.locator(".saved-filter summary").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.locator("#notices")).to_contain_text("No case was changed")
    expect(page.get_by_role("link", name="Ears of today")).to_have_count(0)
