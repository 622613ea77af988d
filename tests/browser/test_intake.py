"""Images on their way into a draft, and intake on a telephone."""

import re

import pytest

from tests.browser.probes import overflow
from tests.browser.visiting import NARROW
from tests.drawings import jpeg

expect = pytest.importorskip("playwright.sync_api", reason="the Playwright package is not installed").expect
LETTER = "Dear colleague, this was never an image. " * 20


@pytest.fixture
def draft(program):
    """A draft with its lesion, without an image."""
    return program("staff").draft()


def choose(page, name, content, media_type="image/jpeg"):
    page.get_by_label("Image files").set_input_files({"name": name, "mimeType": media_type, "buffer": content})


def open_intake(page, draft):
    page.goto(f"/cases/{draft['id']}/intake/")
    expect(page.get_by_label("Image files")).to_be_visible()


def test_a_text_renamed_to_jpg_is_refused_where_it_was_chosen(draft, program, visit):
    page = visit("staff")
    open_intake(page, draft)
    page.watch.expects(422)
    choose(page, "lesion.jpg", LETTER.encode())
    refused = page.get_by_role("list", name="Images of this case").get_by_role("listitem").filter(has_text="lesion.jpg")
    sentence = refused.locator(".invalid-feedback")
    expect(sentence).to_be_visible()
    assert len(sentence.inner_text().split()) >= 5
    expect(sentence).to_contain_text("JPEG")
    expect(page.get_by_role("button", name="Submit for analysis")).to_be_disabled()
    assert program("staff").get(f"cases/{draft['id']}/")["images"] == []
    refused.get_by_role("button", name="Dismiss").click()
    expect(refused).to_have_count(0)


@pytest.mark.parametrize(
    ("file", "word"),
    [(("empty.jpg", b"", "image/jpeg"), "empty"), (("scan.pdf", b"%PDF-1.7", "application/pdf"), "JPEG")],
    ids=["empty", "other kind"],
)
def test_what_can_be_seen_at_once_is_refused_without_sending(draft, visit, file, word):
    page = visit("staff")
    open_intake(page, draft)
    sent = []
    page.on("request", lambda request: sent.append(request) if request.method == "POST" else None)
    choose(page, *file)
    expect(page.locator(".shot-refused .invalid-feedback")).to_contain_text(word)
    assert not sent


def test_a_refused_file_costs_the_others_nothing(draft, program, visit):
    page = visit("staff")
    open_intake(page, draft)
    page.watch.expects(422)
    files = [("one.jpg", jpeg(51)), ("torn.jpg", jpeg(52)[:3000]), ("two.jpg", jpeg(53))]
    page.get_by_label("Image files").set_input_files(
        [{"name": name, "mimeType": "image/jpeg", "buffer": content} for name, content in files]
    )
    expect(page.locator("li[id^=image-]")).to_have_count(2)
    expect(page.locator(".shot-refused")).to_contain_text("torn.jpg")
    assert len(program("staff").get(f"cases/{draft['id']}/")["images"]) == 2


def test_a_dropped_file_is_kept_too(draft, visit):
    page = visit("staff")
    open_intake(page, draft)
    dropped = page.evaluate_handle(
        """(bytes) => {
          const data = new DataTransfer();
          data.items.add(new File([new Uint8Array(bytes)], "dropped.jpg", { type: "image/jpeg" }));
          return data;
        }""",
        list(jpeg(54)),
    )
    page.dispatch_event("[data-drop]", "drop", {"dataTransfer": dropped})
    expect(page.locator("li[id^=image-]")).to_have_count(1)


@pytest.mark.parametrize(
    ("label", "typed", "shown"),
    [("Largest diameter in mm", "9.5", "9.5 mm"), ("Reason for this case", "Bleeds when shaved", "Bleeds when shaved")],
)
def test_what_was_typed_last_is_submitted_too(draft, visit, label, typed, shown):
    page = visit("staff")
    open_intake(page, draft)
    choose(page, "lesion.jpg", jpeg(56))
    submit = page.get_by_role("button", name="Submit for analysis")
    expect(submit).to_be_enabled()
    page.get_by_label(label).fill(typed)
    submit.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Case of P-")
    expect(page.get_by_role("main")).to_contain_text(shown)


def test_history_is_saved_by_its_button_without_leaving_the_page(draft, program, visit):
    page = visit("staff")
    open_intake(page, draft)
    page.get_by_label("Largest diameter in mm").fill("8.5")
    page.get_by_role("button", name="Save history").click()
    expect(page.locator("#saved")).to_contain_text("Saved")
    expect(page).to_have_url(re.compile("/intake/$"))
    assert float(program("staff").get(f"cases/{draft['id']}/")["size_mm"]) == 8.5


def test_intake_fits_a_telephone(draft, visit):
    page = visit("staff", viewport=NARROW)
    open_intake(page, draft)
    page.watch.expects(422)
    choose(page, f"{'a-very-long-name-' * 8}.jpg", LETTER.encode())
    expect(page.locator(".shot-refused")).to_be_visible()
    choose(page, "lesion.jpg", jpeg(55))
    expect(page.locator("li[id^=image-]")).to_have_count(1)
    assert overflow(page) == []
    page.get_by_role("group", name="Does it itch?").get_by_label("No", exact=True).check()
    expect(page.locator("#saved")).to_contain_text("Saved")
    page.get_by_role("button", name="Submit for analysis").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Case of P-")
    assert overflow(page) == []
