"""Images on their way into a draft, and intake on a telephone."""

import io
import re

import pytest
from PIL import Image, ImageFilter

from tests.browser.probes import accessibility, overflow
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
    ("label", "typed", "shown", "seed"),
    [
        ("Largest diameter in mm", "9.5", "9.5 mm", 56),
        ("Reason for this case", "Bleeds when shaved", "Bleeds when shaved", 57),
    ],
)
def test_what_was_typed_last_is_submitted_too(draft, visit, label, typed, shown, seed):  # noqa: PLR0917
    page = visit("staff")
    open_intake(page, draft)
    choose(page, "lesion.jpg", jpeg(seed))
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


def test_a_picture_of_another_patient_waits_for_a_reason(draft, program, visit):
    known = program("staff").draft(picture=jpeg(58))
    page = visit("staff")
    open_intake(page, draft)
    page.watch.expects(409)
    choose(page, "lesion.jpg", jpeg(58))
    refused = page.locator(".shot-refused")
    expect(refused).to_contain_text("already filed under another patient")
    expect(refused.get_by_role("link")).to_have_attribute("href", f"/cases/{known['id']}/")
    reason = refused.get_by_label("Why it belongs to this patient too")
    expect(reason).to_be_focused()
    assert accessibility(page, only_colours=False) == []
    page.set_viewport_size(NARROW)
    assert overflow(page) == []
    page.keyboard.type("Sent twice by the camera.")
    page.keyboard.press("Enter")
    expect(page.locator("li[id^=image-]")).to_contain_text("Sent twice by the camera.")
    (image,) = program("staff").get(f"cases/{draft['id']}/")["images"]
    assert image["override_reason"] == "Sent twice by the camera."


def blurred(seed):
    picture = Image.open(io.BytesIO(jpeg(seed))).resize((1200, 900)).filter(ImageFilter.GaussianBlur(24))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG")
    return buffer.getvalue()


def test_a_blurred_picture_is_told_at_once_and_taken_again_or_used_anyway(draft, program, visit):
    page = visit("staff", viewport=NARROW)
    open_intake(page, draft)
    choose(page, "lesion.jpg", blurred(59))
    note = page.locator(".quality-note")
    expect(note).to_contain_text("Out of focus")
    expect(note).to_contain_text("hold still")
    expect(page.locator("#checklist")).to_contain_text("Image of L1: out of focus")
    assert overflow(page) == []
    assert accessibility(page, only_colours=False) == []
    first = page.locator("li[id^=image-]").get_attribute("id")
    with page.expect_file_chooser() as chooser:
        note.get_by_role("button", name="Take this image of L1 again").click()
    chooser.value.set_files({"name": "second.jpg", "mimeType": "image/jpeg", "buffer": blurred(60)})
    expect(page.locator(f"#{first}")).to_have_count(0)
    expect(page.locator("li[id^=image-]")).to_have_count(1)
    expect(page.locator("#checklist")).to_contain_text("Image of L1: out of focus")
    note.get_by_role("button", name="Use this image of L1 anyway").press("Enter")
    expect(page.locator("li[id^=image-]")).to_contain_text("Used anyway: the network does not judge it")
    expect(page.locator("#checklist")).to_contain_text("Used though the quality is too low: 1 of 1")
    (image,) = program("staff").get(f"cases/{draft['id']}/")["images"]
    assert (image["quality"]["verdict"], "blur" in image["quality"]["reasons"]) == ("rejected", True)
    assert image["quality"]["accepted_at"]


def test_what_was_done_to_a_picture_goes_with_it_and_can_be_put_right_in_its_row(draft, program, visit):
    page = visit("staff", viewport=NARROW)
    open_intake(page, draft)
    said = page.locator("#upload").get_by_label("Altered or generated?")
    said.select_option("Generated")
    choose(page, "lesion.jpg", jpeg(seed=83))
    row = page.locator("li[id^=image-]")
    expect(row.locator(".made")).to_have_text("generated")
    expect(said).to_have_value("")  # the next ones are photographs unless it is said again
    row.get_by_label("Altered or generated").select_option("As photographed")
    expect(row.locator(".made")).to_have_count(0)
    assert overflow(page) == []
    assert accessibility(page, only_colours=False) == []
    (image,) = program("staff").get(f"cases/{draft['id']}/")["images"]
    assert image["image_manipulation"] is None


def test_near_the_face_it_is_asked_and_the_chosen_images_wait_for_the_answer(program, visit):
    draft = program("staff").draft(site="face")
    page = visit("staff", viewport=NARROW)
    open_intake(page, draft)
    choose(page, "lesion.jpg", jpeg(61))
    question = page.get_by_role("group", name="Can a person be recognised in the images?")
    expect(question.get_by_role("alert")).to_be_visible()
    expect(question.get_by_label("Yes")).to_be_focused()
    expect(page.locator("li.shot")).to_have_count(0)
    assert overflow(page) == []
    assert accessibility(page, only_colours=False) == []
    page.keyboard.press("Space")
    expect(page.locator("li[id^=image-]")).to_have_count(1)
    (image,) = program("staff").get(f"cases/{draft['id']}/")["images"]
    assert image["recognisable"] is True


def test_a_lesion_is_placed_on_the_body_map_by_keyboard_alone(program, visit):
    draft = program("staff").draft()
    page = visit("staff")
    open_intake(page, draft)
    summary = page.get_by_text("Another lesion")
    summary.press("Enter")
    page.keyboard.press("Tab")
    site, side = page.get_by_label("Site"), page.get_by_label("Side")
    expect(page.locator("path:focus")).to_have_attribute("aria-label", "Scalp, right, seen from the front")
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    expect(page.locator("path[aria-pressed=true]")).to_be_focused()
    expect(site).to_have_value("chest")
    expect(side).to_have_value("midline")
    side.select_option("left")  # the list speaks for the map, too
    expect(page.locator("path[aria-pressed=true]")).to_have_attribute("aria-label", "Chest, left, seen from the front")
    expect(page.get_by_text("Chosen: chest, left")).to_be_visible()
    page.get_by_role("button", name="Add lesion").press("Enter")
    expect(page.locator("#notices")).to_contain_text("L2 added.")
    lesions = program("staff").get(f"lesions/?patient={draft['patient']}")["results"]
    added = next(lesion for lesion in lesions if lesion["number"] == 2)
    assert (added["site"], added["laterality"], added["body_x"]) == ("chest", "left", None)


def test_a_click_on_the_body_map_keeps_the_point(program, visit):
    draft = program("staff").draft()
    page = visit("staff", viewport=NARROW)
    open_intake(page, draft)
    page.get_by_text("Another lesion").click()
    page.get_by_role("button", name="Back, right, seen from behind").click()
    expect(page.locator("svg .point")).to_be_visible()
    page.get_by_role("button", name="Add lesion").click()
    expect(page.locator("#notices")).to_contain_text("L2 added.")
    lesions = program("staff").get(f"lesions/?patient={draft['patient']}")["results"]
    added = next(lesion for lesion in lesions if lesion["number"] == 2)
    assert (added["site"], added["laterality"]) == ("back", "right")
    assert 0.78 < added["body_x"] < 0.86
    assert 0.2 < added["body_y"] < 0.4


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
