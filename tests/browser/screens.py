"""`make screens`: a picture of each main page for docs/screens, of generated lesions and invented people only.

Not part of the suite: its name is none that pytest looks for. `SCREENS` names another folder to write into.
"""

import io
import os
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image, ImageOps

from cases.demo.day import GENERATED
from tests.browser.arranging import Person
from tests.browser.pages import ask_for_another, wait_for_the_chain
from tests.browser.probes import settle
from tests.browser.visiting import NARROW, WIDE
from tests.processes import REPOSITORY, wait_until

FOLDER = Path(os.environ.get("SCREENS") or REPOSITORY / "docs" / "screens")
QUALITY = 82
LARGEST = 3_000_000  # bytes, all pictures together
THE_DEMO_IS_THERE = 120  # seconds
STRANGER = None


@pytest.fixture(scope="session")
def bundle():
    """The network that is shipped, as the demo clinic has it."""
    return max(REPOSITORY.glob("models/*/manifest.json")).parent


@pytest.fixture(scope="session")
def demo(clinic, program):
    """The demo clinic once its day is analysed, with a draft, and a case that is asked for a new image."""
    staff, reader = program("staff"), program("dermatologist")
    wait_until(lambda: _all_ready(staff), seconds=THE_DEMO_IS_THERE, every=1)
    first, *_, last = reader.get("worklist/")["results"]
    reader.post(f"cases/{last['id']}/request-images/", status=200, reason="glare", comment="Without the flash, please.")
    draft = staff.draft(picture=_lesion(20), person=Person("INVENTED-90", "Agnes", "Roth"))
    model = program("admin").get("models/")["results"][0]["id"]
    ids = {"first": first["id"], "asked": last["id"], "draft": draft["id"], "patient": first["patient"], "model": model}
    return SimpleNamespace(ids=ids, staff=staff)


def _all_ready(staff):
    states = [case["state"] for case in staff.get("cases/")["results"]]
    return states and "submitted" not in states


def _lesion(number):
    """One of the demo clinic's pictures mirrored: it is another picture to the guard against the wrong patient."""
    buffer = io.BytesIO()
    ImageOps.mirror(Image.open(sorted(GENERATED.glob("*.jpg"))[number])).save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def still(page):
    page.wait_for_load_state("networkidle")


def show_the_draft(page):
    page.locator("main details").first.evaluate("details => { details.open = true; }")
    still(page)


def show_the_heat(page):
    still(page)
    page.get_by_role("group", name="Show").locator("[data-show=heat]").click()
    page.locator("canvas[data-heat]").wait_for(state="visible")


SCREENS = [
    ("sign-in", STRANGER, "/accounts/login/", still),
    ("home-staff", "staff", "/", still),
    ("home-dermatologist", "dermatologist", "/", still),
    ("home-admin", "admin", "/", still),
    ("home-auditor", "auditor", "/", still),
    ("register", "staff", "/patients/", still),
    ("patient", "staff", "/patients/{patient}/", still),
    ("intake", "staff", "/cases/{draft}/intake/", show_the_draft),
    ("queue", "dermatologist", "/worklist/?view=all", still),
    ("reading-room", "dermatologist", "/cases/{first}/reading/", show_the_heat),
    ("retake", "dermatologist", "/cases/{first}/reading/", ask_for_another),
    ("asked-for-an-image", "staff", "/cases/{asked}/intake/", still),
    ("audit", "admin", "/audit/", wait_for_the_chain),
    ("models", "admin", "/models/{model}/", still),
    ("usability", "staff", "/usability/", still),
    ("design", "admin", "/design/", still),
]
ON_A_TELEPHONE = ("queue", "reading-room", "intake")


@pytest.mark.parametrize("screen", SCREENS, ids=[screen[0] for screen in SCREENS])
def test_screen(screen, demo, visit):
    name, role, address, act = screen
    page = visit(role)
    for width in (WIDE, NARROW) if name in ON_A_TELEPHONE else (WIDE,):
        page.set_viewport_size(width)
        page.goto(address.format(**demo.ids))
        act(page)
        take(page, name if width is WIDE else f"{name}-390")


def test_screen_of_a_case_on_its_way(clinic, demo, visit):
    page = visit("staff")
    with clinic.frozen_worker():
        case = demo.staff.submit(demo.staff.draft(picture=_lesion(27), person=Person("INVENTED-91", "Emil", "Frank")))
        page.goto(f"/cases/{case['id']}/")
        page.locator("[aria-current=step]").wait_for()
        take(page, "progress")
    demo.staff.wait_until_analysed(case["id"])


def test_the_folder_is_small():
    assert sum(path.stat().st_size for path in FOLDER.glob("*.webp")) < LARGEST


def take(page, name):
    """What a person sees without scrolling."""
    settle(page)
    FOLDER.mkdir(parents=True, exist_ok=True)
    picture = Image.open(io.BytesIO(page.screenshot(animations="disabled", caret="hide")))
    assert re.fullmatch(r"[a-z0-9-]+", name)
    picture.convert("RGB").save(FOLDER / f"{name}.webp", quality=QUALITY, method=6)
