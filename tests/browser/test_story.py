"""The main job, by hand, in a browser: staff registers, the worker analyses, a dermatologist overrides, the admin exports."""

import csv
import io
import itertools
import re
from types import SimpleNamespace

import pytest

from cases.wording import SHORT_NAMES
from tests.browser.arranging import somebody

expect = pytest.importorskip("playwright.sync_api", reason="the Playwright package is not installed").expect
_ID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_OPAQUE_PIXELS = """(canvas) => {
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  return { some: pixels.some((value, place) => place % 4 === 3 && value > 0), sum: pixels.reduce((a, b) => a + b, 0) };
}"""


def test_a_case_from_the_register_to_the_audit_report(clinic, doors, visit, pictures):
    story = SimpleNamespace(person=somebody(), picture=next(pictures), clinic=clinic)
    staff_files_a_case(_arrives(doors, visit, "staff"), story)
    dermatologist_overrides(_arrives(doors, visit, "dermatologist"), story)
    rows = admin_exports(_arrives(doors, visit, "admin"), story)
    assert_the_trail_tells(rows, story)
    assert not [word for word in story.person.private_words if word in clinic.log]


def _arrives(doors, visit, role):
    page = visit(None)
    doors.sign_in(page, role)
    return page


# ── Staff ───────────────────────────────────────────────────────────────────────────────────────────
def staff_files_a_case(page, story):
    register(page, story)
    fill_the_draft(page, story)
    submit_and_watch(page, story)


def register(page, story):
    page.get_by_role("link", name="New case").click()
    page.get_by_role("link", name="Register a new patient").click()
    person = story.person
    page.get_by_label("Identifier").fill(person.identifier)
    page.get_by_label("Given name").fill(person.given_name)
    page.get_by_label("Family name").fill(person.family_name)
    page.get_by_label("Birth date").fill(person.birth_date)
    page.get_by_label("Sex").select_option("female")
    page.get_by_role("button", name="Register", exact=True).click()
    story.pseudonym = page.get_by_role("heading", level=1).inner_text()
    assert re.fullmatch(r"P-[0-9a-zA-Z]{8}", story.pseudonym)
    story.patient = re.search(rf"/patients/({_ID})/", page.url)[1]


def fill_the_draft(page, story):
    page.get_by_label("Reason for this case").fill("Lesion has changed")
    page.get_by_role("button", name="Start intake").click()
    story.case = re.search(rf"/cases/({_ID})/intake/", page.url)[1]
    submit = page.get_by_role("button", name="Submit for analysis")
    expect(submit).to_be_disabled()
    page.get_by_label("Site").select_option("back")
    page.get_by_label("Side").select_option("left")
    page.get_by_role("button", name="Add lesion").click()
    page.wait_for_url("**/intake/?lesion=*")
    page.get_by_label("Taken with").first.select_option("contact polarized")
    page.get_by_label("Image files").set_input_files(
        {"name": f"{story.person.family_name}.jpg", "mimeType": "image/jpeg", "buffer": story.picture}
    )
    kept = page.locator("li[id^=image-]")
    expect(kept).to_have_count(1)
    story.image = kept.get_attribute("id").removeprefix("image-")
    page.get_by_role("group", name="Has it grown?").get_by_label("Yes").check()
    expect(page.locator("#saved")).to_contain_text("Saved")
    expect(submit).to_be_enabled()


def submit_and_watch(page, story):
    """With the worker held back for a moment, so that the first step can be seen; the page is never reloaded."""
    with story.clinic.frozen_worker():
        page.get_by_role("button", name="Submit for analysis").click()
        expect(page.get_by_role("heading", name="The network is looking at the images")).to_be_visible()
        expect(page.locator("[aria-current=step]")).to_have_text("Queued")
        expect(page.get_by_text("Place 1 in the queue")).to_be_visible()
    expect(page.get_by_role("heading", name="Waiting for a dermatologist")).to_be_visible(timeout=60_000)
    steps = page.get_by_role("list", name="Steps").get_by_role("listitem")
    assert steps.evaluate_all("steps => steps.every((step) => step.className === 'step-done')")
    assert steps.count() >= 4


# ── Dermatologist ───────────────────────────────────────────────────────────────────────────────────
def dermatologist_overrides(page, story):
    find_in_the_queue(page, story)
    look(page, story)
    decide(page, story)


def find_in_the_queue(page, story):
    page.get_by_role("navigation", name="Main", exact=True).get_by_role("link", name="Queue").click()
    page.get_by_role("link", name="All waiting").click()
    row = page.get_by_role("row").filter(has_text=story.pseudonym)
    assert row.locator(".c-why").inner_text().strip().endswith(".")
    expect(row.locator(".c-tier")).to_contain_text(re.compile("Urgent|Soon|Routine"))
    row.get_by_role("link", name=story.pseudonym).click()
    page.wait_for_url(f"**/cases/{story.case}/reading/")


def look(page, story):
    """The original is what is there first; heat comes when it is asked for, one diagnosis at a time."""
    original = page.get_by_role("img", name=re.compile("Dermoscopic image of lesion"))
    expect(original).to_be_visible()
    assert original.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    assert story.image in original.get_attribute("src")
    heat = page.locator("canvas[data-heat]")
    expect(heat).to_be_hidden()
    expect(page.get_by_text("Squamous cell carcinoma is not among the classes.").first).to_be_visible()
    page.get_by_role("group", name="Show").get_by_role("button", name="Heat").click()
    expect(heat).to_be_visible()
    expect(original).to_be_hidden()
    see_every_class(page, heat)
    story.analysis = re.search(_ID, page.locator("[data-heat-url]").get_attribute("data-heat-url"))[0]


def see_every_class(page, heat):
    classes = page.get_by_role("combobox", name="Heat for")
    seen = {}
    for code in classes.locator("option").evaluate_all("options => options.map((option) => option.value)"):
        classes.select_option(code)
        expect(heat).to_have_attribute("aria-label", re.compile(r"Heat for \w+"))
        seen[code] = heat.evaluate(_OPAQUE_PIXELS)
    assert set(seen) == {"akiec", "bcc", "bkl", "df", "mel", "nv", "vasc"}
    assert len({painted["sum"] for painted in seen.values() if painted["some"]}) > 1, "all classes look alike"


def decide(page, story):
    page.get_by_role("button", name=re.compile("Claim to read")).click()
    expect(page.get_by_text("Held by you until")).to_be_visible()
    page.wait_for_load_state()
    leading = page.locator("[data-confirmed]").inner_text()
    story.said = "df" if leading != "df" else "vasc"
    page.get_by_role("button", name=re.compile("^Override")).click()
    page.get_by_label("Your diagnosis").select_option(story.said)
    page.get_by_label("Because of").select_option("dermoscopic_criteria")
    page.get_by_label("Excise", exact=True).check()
    page.get_by_role("button", name="Sign override").click()
    expect(page.locator("#notices")).to_contain_text(re.compile(f"Signed {story.pseudonym}.+ excise"))
    let_go_of_the_next(page)
    page.goto(f"/cases/{story.case}/reading/")
    signed = page.get_by_role("listitem").filter(has_text=f"overrides {SHORT_NAMES[leading]}")
    expect(signed).to_contain_text("excise")
    expect(signed).to_contain_text("dermoscopic criteria")


def let_go_of_the_next(page):
    """Signing leads to the next case and holds it; it is given back for other tests."""
    release = page.get_by_role("button", name=re.compile("^Release"))
    if release.is_visible():
        release.click()
        expect(page.get_by_text("is free again for any reader")).to_be_visible()


# ── Administrator ───────────────────────────────────────────────────────────────────────────────────
def admin_exports(page, story):
    page.get_by_role("navigation", name="Main", exact=True).get_by_role("link", name="Audit").click()
    expect(page.locator("#chain")).to_contain_text("Chain verified")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export these as CSV").click()
    assert re.fullmatch(r"audit-[\d-]+\.csv", download.value.suggested_filename)
    story.report = download.value.path().read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(story.report)))


def assert_the_trail_tells(rows, story):
    """Everything that happened to this patient, in its order, in an unbroken chain, without a word that names them."""
    assert [int(row["seq"]) for row in rows] == list(range(1, len(rows) + 1))
    assert all(row["prev_hash"] == before["hash"] for before, row in itertools.pairwise(rows))
    about = {story.patient, story.case, story.image, story.analysis}
    told = [row for row in rows if about & set(re.findall(_ID, f"{row['object_id']} {row['payload']}"))]
    happened = [(row["action"], row["actor"]) for row in told]
    for expected in (BY_HAND, BY_THE_CLINIC):
        assert_follow_each_other(expected, happened, story.clinic.logins)
    assert not [word for word in story.person.private_words if word in story.report]


def assert_follow_each_other(expected, happened, logins):
    """Other events may stand between them."""
    rest = iter(happened)
    for action, role in expected:
        actor = logins[role]["username"] if role else "system"
        assert (action, actor) in rest, f"“{action}” by {actor} is missing, or not in its place:\n{happened}"


BY_HAND = (
    ("patient_registered", "staff"),
    ("patient_viewed", "staff"),
    ("case_opened", "staff"),
    ("lesion_registered", "staff"),
    ("image_attached", "staff"),
    ("case_edited", "staff"),
    ("case_submitted", "staff"),
    ("analysis_started", None),
    ("analysis_succeeded", None),
    ("case_viewed", "dermatologist"),
    ("image_viewed", "dermatologist"),
    ("analysis_viewed", "dermatologist"),
    ("case_claimed", "dermatologist"),
    ("read_signed", "dermatologist"),
)
# An analysis ends and its case becomes ready in one transaction; which of the two is written first means nothing.
BY_THE_CLINIC = (
    ("case_submitted", "staff"),
    ("analysis_started", None),
    ("case_ready", None),
    ("case_viewed", "dermatologist"),
)
