"""The page on which generated pictures are reviewed: with the keyboard alone, from the first picture to the file."""

import json
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the training requirements (torch) are not installed")

from tests.browser.probes import accessibility, headings, labels, overflow, pictures
from tests.training.generated_pictures import write_generated
from training.synthesis.review_sheet import page as sheet
from training.synthesis.reviews import read_review, reviewed


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return write_generated(tmp_path_factory.mktemp("generated"), ["df", "vasc", "akiec"], accepted=None)


@pytest.fixture(scope="module")
def address(made):
    file = made.folder / "review.html"
    file.write_text(sheet(made, made.images))
    return file.as_uri()


def _reviewed(page, name, keys):
    """Type a name and press ``keys``, then save; the saved file."""
    page.get_by_label("Your name or initials").fill(name)
    page.keyboard.press("Enter")
    for key in keys:
        page.keyboard.press(key)
    with page.expect_download() as saving:
        page.get_by_role("button", name="Save my review").click()
    return read_review(Path(saving.value.path()))


def test_two_people_review_by_keyboard_and_their_files_join(browser, address, made):
    reviews = []
    for name, keys in (("Ada", "krk"), ("Bo", "kkr")):
        page = browser.new_page()
        page.goto(address)
        reviews.append(_reviewed(page, name, keys))
        page.close()
    seen, answers = reviewed(made, reviews)
    assert len(seen) == 3
    assert answers.sum(1).tolist() == [2, 2]


def test_a_key_that_is_held_down_decides_one_picture(browser, address):
    page = browser.new_page()
    page.goto(address)
    page.get_by_label("Your name or initials").fill("Di")
    page.keyboard.press("Enter")
    for _ in range(3):
        page.keyboard.down("k")  # Playwright repeats what is down already, as a keyboard does
    page.keyboard.up("k")
    assert "1 decided, 2 open" in page.locator("#place").inner_text()
    page.close()


def test_what_was_decided_can_be_changed_and_is_remembered(browser, address):
    page = browser.new_page()
    page.goto(address)
    page.get_by_label("Your name or initials").fill("Cy")
    page.keyboard.press("Enter")
    page.keyboard.press("k")
    page.keyboard.press("ArrowLeft")
    assert "You keep it" in page.locator("#said").inner_text()
    page.keyboard.press("r")
    page.reload()
    page.get_by_label("Your name or initials").fill("Cy")
    page.keyboard.press("Enter")
    assert "1 decided, 2 open" in page.locator("#place").inner_text()
    page.keyboard.press("ArrowLeft")
    assert "You reject it" in page.locator("#said").inner_text()
    page.close()


def test_an_unfinished_review_says_so_in_its_file(browser, address, made):
    page = browser.new_page()
    page.goto(address)
    review = _reviewed(page, "Di", "k")
    assert len(review.decisions) == 1
    assert "2 open" in page.get_by_role("button", name="Save my review").inner_text()
    page.close()


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_accessible_and_fits(browser, address, width, scheme):
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address)
    page.get_by_label("Your name or initials").fill("Eve")
    page.keyboard.press("Enter")
    page.keyboard.press("k")
    found = [fault for probe in (headings, labels, overflow, pictures) for fault in probe(page)]
    assert found + accessibility(page, only_colours=False) + errors == []
    page.close()


def test_no_picture_s_name_breaks_out_of_the_page(made):
    assert "<" not in json.loads(json.dumps(sheet(made, made.images).split('id="data">')[1].split("</script>")[0]))
