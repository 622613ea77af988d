"""Every page of every role, on a desk and on a telephone, by day and by night: readable, reachable, and discreet."""

import uuid
from collections import defaultdict
from types import SimpleNamespace

import pytest
from django.urls import URLResolver, get_resolver, resolve

from tests.browser import probes
from tests.browser.arranging import somebody
from tests.browser.pages import EXCUSED, PAGES, STRANGER, Page
from tests.browser.visiting import NARROW, WIDE
from tests.drawings import dark_jpeg, jpeg

expect = pytest.importorskip("playwright.sync_api", reason="the Playwright package is not installed").expect
EVERY_PAGE = [pytest.param(role, page, id=f"{role}: {page.name}") for role, pages in PAGES.items() for page in pages]


@pytest.fixture(scope="session")
def world(program, pictures):
    """One case in each state; `person` is the patient whose words must not show."""
    staff, reader, person = program("staff"), program("dermatologist"), somebody()
    ready = staff.ready(next(pictures), person=person)
    held, decided = staff.ready(next(pictures)), staff.ready(next(pictures))
    for case in (held, decided):
        reader.post(f"cases/{case['id']}/claim/", status=200)
    words = {
        "diagnosis": "bkl",
        "management": "monitor",
        "reason": "history",
        "comment": "Seen by hand.\nAgain in May.",
    }
    reader.post(f"cases/{decided['id']}/reads/", decision="override", **words)
    cases = {
        "ready": ready,
        "held": held,
        "decided": decided,
        "empty": staff.draft(),
        "draft": staff.draft(picture=jpeg(71)),
    }
    cases["asked"] = staff.ready(next(pictures))
    reader.post(f"cases/{cases['asked']['id']}/request-images/", status=200, reason="blur", comment="Closer, please.")
    cases["veiled"] = staff.ready(next(pictures), site="genital")
    cases["unanswered"] = staff.ready(dark_jpeg())
    ids = {name: case["id"] for name, case in cases.items()}
    model = program("admin").get("models/")["results"][0]["id"]
    return SimpleNamespace(person=person, ids={**ids, "patient": ready["patient"], "model": model})


@pytest.mark.parametrize(("role", "wanted"), EVERY_PAGE)
def test_a_page(role, wanted, world, program, visit):
    if "{held}" in wanted.address:  # other tests may have made its reader let go of it
        program("dermatologist").post(f"cases/{world.ids['held']}/claim/", status=200)
    page = visit(role)
    arrive(page, wanted, world.ids)
    assert_fit(page, world.person)


def test_every_page_is_judged_or_excused():
    anything = defaultdict(uuid.uuid4, dict.fromkeys(("held", "ready"), uuid.uuid4()))
    addresses = [page.address.format_map(anything).partition("?")[0] for pages in PAGES.values() for page in pages]
    opened = {resolve(address).url_name for address in addresses}
    known = set(names_of(get_resolver().url_patterns))
    assert known - opened == set(EXCUSED), "each address is opened by a test of pages, or excused with a reason"


def names_of(patterns, space=""):
    """The named addresses, but those of the REST API."""
    for entry in patterns:
        if isinstance(entry, URLResolver):
            inside = f"{entry.namespace}:" if entry.namespace == "api" else ""
            yield from () if str(entry.pattern) == "v1/" else names_of(entry.url_patterns, space + inside)
        else:
            yield space + (entry.name or str(entry.pattern))


def test_a_case_on_its_way(clinic, program, world, visit):
    """Held back with the worker, so that the page stands still while it is judged."""
    page = visit("staff")
    with clinic.frozen_worker():
        case = program("staff").submit(program("staff").draft(picture=jpeg(72)))
        arrive(page, Page("on its way", f"/cases/{case['id']}/"), {})
        expect(page.locator("[aria-current=step]")).to_be_visible()
        assert_fit(page, world.person)
    program("staff").wait_until_analysed(case["id"])


def test_what_was_said_of_the_usability(world, visit):
    """Answered by keyboard: a group is one stop of the tabulator, and the arrows choose in it."""
    page = visit("staff")
    page.goto("/usability/")
    page.get_by_role("radio", name="1 strongly disagree").first.focus()
    for _ in range(10):
        for key in ("Space", "ArrowRight", "Tab"):
            page.keyboard.press(key)
    page.keyboard.type("The keys do it.")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#notices")).to_contain_text("Thank you.")
    page = visit("admin")
    page.goto("/usability/results/")
    expect(page.locator("main")).to_contain_text("The keys do it.")
    expect(page.get_by_role("row", name="over 40 to 60")).to_contain_text("1")
    assert_fit(page, world.person)


def test_the_queue_on_a_telephone(world, visit):
    """Who is next comes before the filters, which wait folded."""
    page = visit("dermatologist", viewport=NARROW)
    page.goto("/worklist/?view=all")
    expect(page.get_by_label("Priority")).to_be_hidden()
    expect(page.locator("tr[data-case]").first).to_be_in_viewport()
    assert probes.overflow(page) == []
    page.get_by_text("Filter", exact=True).click()
    expect(page.get_by_label("Priority")).to_be_visible()
    assert probes.overflow(page) == []


def test_the_description_of_the_api(visit):
    """Its page is another project's; that it works under our policy, and asks nobody else for anything, is ours."""
    page = visit(STRANGER)
    page.goto("/api/docs/")
    expect(page.get_by_role("heading", name="SkinClinic")).to_be_visible()


def arrive(page, wanted, ids):
    page.watch.expects(*([wanted.answers] if wanted.answers >= 400 else []))
    assert page.goto(wanted.address.format(**ids)).status == wanted.answers
    wanted.act(page)


def assert_fit(page, person):
    faults = probes.headings(page) + probes.labels(page) + probes.pictures(page)
    faults += probes.private_words(page, person.private_words)
    for width in (WIDE, NARROW):
        page.set_viewport_size(width)
        faults += [f"{width['width']} px: {fault}" for fault in by_day_and_by_night(page)]
    assert not faults, "\n".join(faults)


def by_day_and_by_night(page):
    """The colours are all that changes with the light."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        probes.settle(page)
        yield from (f"{scheme}: {fault}" for fault in probes.accessibility(page, only_colours=scheme == "dark"))
    yield from probes.overflow(page)
