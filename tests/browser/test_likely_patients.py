"""Registering somebody who may be there already: told while one types, read aloud, and reached by keyboard."""

import re

import pytest

from tests.browser.arranging import Person
from tests.browser.probes import accessibility, overflow
from tests.browser.visiting import NARROW, WIDE

expect = pytest.importorskip("playwright.sync_api", reason="the Playwright package is not installed").expect


@pytest.fixture(scope="module")
def known(program):
    person = Person("MRN-LIKELY-1", "José", "Núñez", birth_date="1957-03-14")
    return program("staff").post("patients/", **vars(person))


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["desk", "telephone"])
def test_whoever_is_likely_is_named_while_one_types(known, visit, size):
    page = visit("staff", viewport=size)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/patients/new/")
    found = page.get_by_role("region", name="Patients who may be the same")
    expect(found).to_have_attribute("aria-live", "polite")
    page.get_by_label("Family name").press_sequentially("nune")
    expect(found).to_contain_text("Name begins alike")
    page.get_by_label("Birth date").fill("1957-03-14")
    expect(found).to_contain_text("Same birth date and a like name")
    expect(found.get_by_role("link")).to_have_attribute("href", f"/patients/{known['id']}/")
    assert accessibility(page, only_colours=False) == []
    assert overflow(page) == []
    assert not re.search("nune|1957", " ".join(asked), re.IGNORECASE)


def test_a_known_identifier_leads_to_its_patient_by_keyboard_alone(known, visit):
    page = visit("staff")
    page.goto("/patients/new/")
    page.get_by_label("Identifier").press_sequentially("mrn-likely-1")
    link = page.get_by_role("link", name=known["pseudonym"])
    expect(page.locator(".likely-why")).to_have_text("Same identifier")
    for _ in range(8):
        page.keyboard.press("Tab")
        if link.evaluate("link => link === document.activeElement"):
            break
    expect(link).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(known["pseudonym"])


def test_somebody_new_is_not_held_up(visit):
    page = visit("staff")
    page.goto("/patients/new/")
    page.get_by_label("Family name").fill("Xqvwz")
    expect(page.get_by_role("region", name="Patients who may be the same")).to_contain_text("Nobody in your register")
    expect(page.get_by_role("button", name="Register", exact=True)).to_be_enabled()
