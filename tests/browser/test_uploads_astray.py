"""What goes wrong on the way of an image costs nothing that was there, and is said in words."""

import re

import pytest

from tests.browser.test_intake import blurred, choose, open_intake
from tests.drawings import jpeg

expect = pytest.importorskip("playwright.sync_api", reason="the Playwright package is not installed").expect
END = re.compile("/complete/$")
ROWS = "li[id^=image-]"


@pytest.fixture
def draft(program):
    return program("staff").draft()


def again(page, name, content):
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Take this image of L1 again").click()
    chooser.value.set_files({"name": name, "mimeType": "image/jpeg", "buffer": content})


def test_taken_again_it_stays_what_it_was_whatever_the_form_is_set_to_and_goes_only_for_an_image(draft, program, visit):
    page, staff = visit("staff"), program("staff")
    page.watch.expects(422)
    open_intake(page, draft)
    page.locator("#upload").get_by_label("Altered or generated?").select_option("Altered")
    choose(page, "lesion.jpg", blurred(401))
    with page.expect_response(re.compile("/describe/$")):
        page.locator(ROWS).get_by_label("Taken with").select_option("contact polarized")
    (old,) = staff.get(f"cases/{draft['id']}/")["images"]
    page.get_by_text("Another lesion").click()
    page.get_by_label("Site").select_option("back")
    page.get_by_role("button", name="Add lesion").click()
    expect(page.get_by_role("heading", name="2 Images of L2")).to_be_visible()
    again(page, "torn.jpg", blurred(402)[:3000])
    expect(page.locator(".shot-refused")).to_contain_text("torn.jpg")
    assert [each["id"] for each in staff.get(f"cases/{draft['id']}/")["images"]] == [old["id"]]
    again(page, "second.jpg", blurred(403))
    expect(page.locator(f"#image-{old['id']}")).to_have_count(0)
    (new,) = staff.get(f"cases/{draft['id']}/")["images"]
    assert new["id"] != old["id"]
    assert (new["lesion"], new["dermoscopic_type"]) == (old["lesion"], "contact polarized")
    assert (old["image_manipulation"], new["image_manipulation"]) == ("altered", None)  # another photograph


def test_what_had_arrived_before_it_was_cancelled_is_shown(draft, program, visit):
    page = visit("staff")
    page.watch.expects(409)
    ends = []

    def cancel_unheard(route):
        ends.append(route)
        if len(ends) > 1:
            route.continue_()
            return
        route.fetch()  # the server makes the image, and the page does not hear of it
        page.get_by_role("button", name="Cancel").click()

    page.route(END, cancel_unheard)
    open_intake(page, draft)
    choose(page, "lesion.jpg", jpeg(404))
    expect(page.locator("#notices")).to_contain_text("lesion.jpg had arrived before you cancelled it")
    expect(page.locator(ROWS)).to_have_count(1)
    assert len(program("staff").get(f"cases/{draft['id']}/")["images"]) == 1
    ends[0].abort()


def test_a_fault_that_passes_is_waited_for_and_one_of_the_file_is_said(draft, visit):
    page = visit("staff")
    page.watch.expects(500)
    page.route(END, lambda route: route.fulfill(status=500, body="out of order"), times=1)
    open_intake(page, draft)
    choose(page, "lesion.jpg", jpeg(405))
    expect(page.locator("#upload-status")).to_contain_text("The server cannot take it now")
    expect(page.locator(ROWS)).to_have_count(1)
    page.evaluate(
        """() => { Blob.prototype.arrayBuffer = () => Promise.reject(new DOMException("", "NotReadableError")); }"""
    )
    choose(page, "gone.jpg", jpeg(406))
    expect(page.locator(".shot-refused")).to_contain_text("can no longer be read")


def test_what_the_clinic_veils_is_not_shown_on_its_way(program, visit):
    page = visit("staff")
    open_intake(page, program("staff").draft(site="genital"))
    ends = []

    def hold(route):
        ends.append(route)

    page.route(END, hold)  # on its way for as long as the test looks
    choose(page, "lesion.jpg", jpeg(407))
    expect(page.locator(".shot-words")).to_contain_text("It is being checked")
    expect(page.locator("li.shot img")).to_have_count(0)
    ends[0].abort()
