"""An upload that breaks off goes on: after a lost connection, and after the browser was killed and opened again."""

import re
from contextlib import contextmanager

import pytest

from tests.browser.conftest import FLAGS
from tests.browser.probes import accessibility, overflow
from tests.browser.visiting import NARROW, PATIENCE, WIDE
from tests.browser.watching import Watch
from tests.drawings import jpeg

expect = pytest.importorskip("playwright.sync_api", reason="the Playwright package is not installed").expect

LARGE = (1500, 1100)  # pixels; some parts long
PARTS = re.compile(r"/uploads/[0-9a-f-]{36}/$")


@pytest.fixture
def draft(program):
    return program("staff").draft()


class Line:
    """The way of parts from one browser to the clinic: counted, and broken from some part on."""

    def __init__(self, context, *, let_through=10_000):
        self.left, self.bytes = let_through, 0
        context.route(PARTS, self._on_part)

    def _on_part(self, route):
        if route.request.method != "PATCH":
            route.continue_()
        elif self.left:
            self.left -= 1
            self.bytes += len(route.request.post_data_buffer)
            route.continue_()
        else:
            route.abort("connectionfailed")


@pytest.fixture
def profile(chromium, playwright, clinic, tmp_path):
    """`with profile() as context:` a browser that keeps what it knows until it is opened again."""

    @contextmanager
    def opened(viewport=WIDE):
        context = playwright.chromium.launch_persistent_context(
            tmp_path / "profile", executable_path=chromium, args=FLAGS, base_url=clinic.url, viewport=viewport
        )
        context.set_default_timeout(PATIENCE)
        watch = Watch(context, clinic.url)
        try:
            yield context
        finally:
            context.close()
        watch.assert_clean()

    return opened


def choose(page, data, name="lesion.jpg"):
    page.get_by_label("Image files").set_input_files({"name": name, "mimeType": "image/jpeg", "buffer": data})


def cut_at_half(context, doors, draft, data):
    """Sign in, choose the file, and wait until one part has arrived and no more does."""
    line = Line(context, let_through=1)
    page = context.new_page()
    doors.sign_in(page, "staff")
    page.goto(f"/cases/{draft['id']}/intake/")
    with page.expect_response(PARTS):
        choose(page, data)
    expect(page.locator(".shot-words")).to_contain_text("No connection")
    return line.bytes


def test_killed_and_opened_again_it_goes_on_by_itself_and_every_byte_travels_once(profile, doors, draft, program):
    data = jpeg(301, LARGE)
    with profile() as context:
        before = cut_at_half(context, doors, draft, data)
    assert 0 < before < len(data)
    (upload,) = program("staff").get(f"cases/{draft['id']}/uploads/")["results"]
    assert upload["offset"] == before
    with profile() as context:
        line = Line(context)
        page = context.new_page()
        doors.sign_in(page, "staff")
        page.goto(f"/cases/{draft['id']}/intake/")
        expect(page.locator("li[id^=image-]")).to_have_count(1)
        expect(page.locator("[data-upload]")).to_have_count(0)
        page.reload()
        expect(page.locator("li.shot")).to_have_count(1)  # nothing is kept that would be sent again
    assert before + line.bytes == len(data)
    (image,) = program("staff").get(f"cases/{draft['id']}/")["images"]
    assert image["sha256"] == upload["sha256"]


def test_in_another_browser_the_page_says_what_broke_off_and_the_same_file_goes_on(profile, doors, draft, visit):
    data = jpeg(302, LARGE)
    with profile() as context:
        before = cut_at_half(context, doors, draft, data)
    page = visit("staff", viewport=NARROW)
    line = Line(page)
    page.goto(f"/cases/{draft['id']}/intake/")
    cut = page.locator("[data-upload]")
    expect(cut).to_contain_text(f"{100 * before // len(data)} %")
    expect(cut).to_contain_text("Choose the same file again")
    expect(page.locator("#checklist")).to_contain_text("1 upload is not finished")
    assert overflow(page) == []
    assert accessibility(page, only_colours=False) == []
    choose(page, data, "the same.jpg")
    expect(page.locator("li[id^=image-]")).to_have_count(1)
    expect(cut).to_have_count(0)
    expect(page.locator("#checklist")).not_to_contain_text("not finished")
    assert before + line.bytes == len(data)


def test_signing_out_in_one_window_stops_the_others_and_nothing_is_kept_after_it(profile, doors, draft):
    count = "async () => (await window.clinic.kept.all()).length"
    with profile() as context:
        cut_at_half(context, doors, draft, jpeg(310, LARGE))
        sending, leaving = context.pages[-1], context.new_page()
        (kept,) = sending.evaluate("async () => (await window.clinic.kept.all()).map((each) => Object.keys(each))")
        assert set(kept) == {"key", "owner", "of", "picture", "said", "at"}  # no name of a file; the rest is locked
        leaving.goto("/")
        leaving.locator("details.who > summary").click()
        leaving.get_by_role("button", name="Sign out").click()
        expect(leaving.get_by_label("Username")).to_be_visible()
        expect(sending.locator(".shot-refused")).to_contain_text("You are signed out")
        choose(sending, jpeg(311), "second.jpg")
        expect(sending.locator(".shot-refused")).to_have_count(2)
        assert leaving.evaluate(count) == sending.evaluate(count) == 0


@pytest.mark.parametrize("who", ["signed out", "somebody else"])
def test_what_is_kept_in_the_browser_is_for_nobody_else(profile, doors, draft, program, who):
    data = jpeg(303 + (who == "signed out"), LARGE)
    with profile() as context:
        cut_at_half(context, doors, draft, data)
        if who == "signed out":
            page = context.pages[-1]
            page.locator("details.who > summary").click()
            page.get_by_role("button", name="Sign out").click()
            expect(page.get_by_label("Username")).to_be_visible()
    other = "staff" if who == "signed out" else "dermatologist"
    with profile() as context:
        page = context.new_page()
        doors.sign_in(page, other)
        page.goto(f"/cases/{draft['id']}/intake/")
        expect(page.locator("[data-upload]")).to_contain_text("Choose the same file again")
        kept = page.evaluate("""async () => (await window.clinic.kept.all()).length""")
    assert kept == 0
    assert program("staff").get(f"cases/{draft['id']}/")["images"] == []


def test_without_a_connection_it_waits_and_then_goes_on_by_itself(visit, draft, program):
    page = visit("staff")
    line = Line(page)
    page.goto(f"/cases/{draft['id']}/intake/")
    expect(page.get_by_label("Image files")).to_be_visible()
    page.context.set_offline(True)
    try:
        choose(page, jpeg(305, LARGE))
        expect(page.locator(".shot-words")).to_have_text("No connection. The upload waits, and goes on by itself")
        expect(page.locator("#upload-status")).to_contain_text("No connection.")
        assert accessibility(page, only_colours=False) == []
    finally:
        page.context.set_offline(False)
    expect(page.locator("li[id^=image-]")).to_have_count(1)
    assert line.bytes == len(jpeg(305, LARGE))


def test_the_same_file_twice_is_one_image_and_travels_once(visit, draft, program):
    page = visit("staff")
    line = Line(page)
    page.goto(f"/cases/{draft['id']}/intake/")
    data = jpeg(306)
    choose(page, data)
    expect(page.locator("li[id^=image-]")).to_have_count(1)
    choose(page, data, "copy.jpg")
    expect(page.locator("li[id^=image-]")).to_contain_text("already in this case")
    expect(page.locator("li.shot")).to_have_count(1)
    assert line.bytes == len(data)
    assert len(program("staff").get(f"cases/{draft['id']}/")["images"]) == 1


def test_the_file_of_another_patient_does_not_travel_before_a_reason_is_typed(visit, draft, program):
    data = jpeg(307)
    program("staff").draft(picture=data)
    page = visit("staff")
    page.watch.expects(409)
    line = Line(page)
    page.goto(f"/cases/{draft['id']}/intake/")
    choose(page, data)
    expect(page.locator(".shot-refused")).to_contain_text("already filed under another patient")
    assert line.bytes == 0
    page.get_by_label("Why it belongs to this patient too").fill("Sent twice by the camera.")
    page.get_by_role("button", name="File it here too").click()
    expect(page.locator("li[id^=image-]")).to_contain_text("Sent twice by the camera.")
    assert line.bytes == len(data)


def test_it_can_be_cancelled_and_the_case_is_not_submitted_over_it(visit, draft, program):
    page = visit("staff")
    Line(page, let_through=1)
    page.goto(f"/cases/{draft['id']}/intake/")
    choose(page, jpeg(308))
    expect(page.locator("li[id^=image-]")).to_have_count(1)
    with page.expect_request(PARTS):
        choose(page, jpeg(309, LARGE), "second.jpg")
    page.get_by_role("button", name="Submit for analysis").click()
    expect(page.locator("#notices")).to_contain_text("An image is still being sent")
    assert program("staff").get(f"cases/{draft['id']}/")["state"] == "draft"
    with page.expect_response(re.compile("/discard/$")):
        page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("second.jpg", exact=True)).to_have_count(0)
    assert program("staff").get(f"cases/{draft['id']}/uploads/")["results"] == []
