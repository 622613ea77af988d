"""Every page of every role, on a desk and on a telephone, by day and by night: readable, reachable, and discreet."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import NamedTuple

import pytest

from tests.browser import probes
from tests.browser.arranging import somebody
from tests.browser.visiting import NARROW, WIDE
from tests.drawings import dark_jpeg, jpeg

expect = pytest.importorskip("playwright.sync_api", reason="the Playwright package is not installed").expect
STRANGER = None


class Page(NamedTuple):
    """`act` is what is done on the page before it is judged; `answers` is the status that opening it has."""

    name: str
    address: str
    act: Callable = lambda page: None
    answers: int = 200


def search_for_nobody(page):
    page.locator("#words").fill("Nobody at all")
    expect(page.locator("#found")).to_contain_text("matches")


def send_an_empty_form(page):
    page.watch.expects(422)
    page.locator("main form").get_by_role("button", name="Register", exact=True).click()
    expect(page.locator(".invalid-feedback").first).to_be_visible()


def leave_statements_out(page):
    page.watch.expects(422)
    page.get_by_role("group", name="1. I think that I would like").get_by_role("radio", name="4").check()
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert")).to_contain_text("Statement 10 has no answer")


def fail_to_sign_in(page):
    page.get_by_label("Username").fill("nobody")
    page.get_by_label("Password").fill("nothing")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()


def open_everything(page):
    page.locator("details:not([data-menu])").evaluate_all("all => all.forEach((one) => { one.open = true; })")


def open_the_menu(page):
    page.locator("details[data-menu] summary").click()


def show_the_heat(page):
    page.get_by_role("group", name="Show").locator("[data-show=both]").click()
    expect(page.locator("canvas[data-heat]")).to_be_visible()


def open_the_override(page):
    page.locator("[data-override-open]").click()
    expect(page.get_by_label("Your diagnosis")).to_be_visible()


def open_the_keys(page):
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()


def wait_for_the_chain(page):
    expect(page.locator("#chain")).to_contain_text("Chain verified")


PAGES = {
    STRANGER: [
        Page("sign in", "/accounts/login/"),
        Page("sign in refused", "/accounts/login/", fail_to_sign_in),
        Page("sign up closed", "/accounts/signup/"),
    ],
    "staff": [
        Page("home", "/", open_the_menu),
        Page("register", "/patients/"),
        Page("nobody found", "/patients/", search_for_nobody),
        Page("new patient", "/patients/new/"),
        Page("new patient refused", "/patients/new/", send_an_empty_form),
        Page("patient", "/patients/{patient}/"),
        Page("correct a patient", "/patients/{patient}/correct/"),
        Page("new case", "/cases/new/"),
        Page("empty draft", "/cases/{empty}/intake/", open_everything),
        Page("intake", "/cases/{draft}/intake/", open_everything),
        Page("case ready", "/cases/{ready}/"),
        Page("case without an answer", "/cases/{unanswered}/"),
        Page("case decided", "/cases/{decided}/"),
        Page("case veiled", "/cases/{veiled}/"),
        Page("queue", "/worklist/?view=all"),
        Page("reading room", "/cases/{ready}/reading/"),
        Page("models", "/models/"),
        Page("usability", "/usability/"),
        Page("usability with holes", "/usability/", leave_statements_out),
        Page("password", "/accounts/password/change/"),
        Page("sign out", "/accounts/logout/"),
        Page("not allowed", "/audit/", answers=403),
        Page("not there", "/cases/00000000-0000-4000-8000-000000000000/", answers=404),
    ],
    "dermatologist": [
        Page("home", "/"),
        Page("queue", "/worklist/?view=all"),
        Page("queue filtered to nothing", "/worklist/?view=all&site=acral&tier=urgent&min_malignancy=0.99"),
        Page("queue keys", "/worklist/", open_the_keys),
        Page("reading", "/cases/{ready}/reading/", open_everything),
        Page("reading heat", "/cases/{ready}/reading/", show_the_heat),
        Page("reading held", "/cases/{held}/reading/"),
        Page("reading override", "/cases/{held}/reading/", open_the_override),
        Page("reading keys", "/cases/{held}/reading/", open_the_keys),
        Page("reading without an answer", "/cases/{unanswered}/reading/"),
        Page("reading decided", "/cases/{decided}/reading/"),
        Page("reading veiled", "/cases/{veiled}/reading/"),
        Page("patient", "/patients/{patient}/"),
    ],
    "colleague": [Page("reading held by another", "/cases/{held}/reading/")],
    "admin": [
        Page("home", "/"),
        Page("audit", "/audit/", wait_for_the_chain),
        Page("audit of nothing", "/audit/?action=token_issued&until=2020-01-01", wait_for_the_chain),
        Page("models", "/models/"),
        Page("model", "/models/{model}/"),
        Page("register", "/patients/"),
        Page("patient", "/patients/{patient}/"),
        Page("usability", "/usability/results/"),
        Page("queue", "/worklist/?view=all"),
        Page("case", "/cases/{ready}/"),
        Page("reading room", "/cases/{decided}/reading/"),
    ],
    "auditor": [Page("home", "/"), Page("audit", "/audit/", wait_for_the_chain), Page("models", "/models/")],
}
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
