"""A real browser on a really running clinic.

Needs Chromium (found on the PATH, or named by CHROMIUM) and the Playwright package; without them the tests are skipped.
"""

import os
import shutil
from pathlib import Path

import pytest

from tests.browser.arranging import Program
from tests.browser.pictures import answered_pictures
from tests.browser.running import running_clinic
from tests.browser.visiting import PATIENCE, Doors
from tests.bundles import build_tiny_bundle
from tests.processes import REPOSITORY

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
_HERE = Path(__file__).parent
_SHOWN_OF_LOG = 4000  # characters


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Last, and in one piece: the clinic starts once, and Playwright's event loop stays off Django's tests."""
    items.sort(key=lambda item: _HERE in item.path.parents)
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """What the clinic wrote stands beside every failure in the browser."""
    report = yield
    clinic = getattr(item, "funcargs", {}).get("clinic")
    if report.failed and clinic is not None:
        report.sections.append(("The clinic's log", clinic.log[-_SHOWN_OF_LOG:]))
    return report


@pytest.fixture(scope="session")
def playwright():
    api = pytest.importorskip("playwright.sync_api", reason="the Playwright package is not installed")
    api.expect.set_options(timeout=PATIENCE)
    with api.sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def chromium():
    """The program."""
    program = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not program:
        pytest.skip("Chromium is not installed, and CHROMIUM names no other program")
    return program


@pytest.fixture(scope="session")
def browser(playwright, chromium):
    running = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
    yield running
    running.close()


@pytest.fixture(scope="session")
def bundle(tmp_path_factory):
    """The shipped network, or a tiny one that answers whatever it is unsure of."""
    shipped = sorted(REPOSITORY.glob("models/*/manifest.json"))
    if shipped:
        return shipped[-1].parent
    tiny = build_tiny_bundle(tmp_path_factory.mktemp("models") / "tiny-0.0")
    bold = {**tiny.manifest.document["thresholds"], "max_set_size": 7}
    return build_tiny_bundle(tmp_path_factory.mktemp("models") / "bold-0.0", changes={"thresholds": bold}).path


@pytest.fixture(scope="session")
def clinic(browser, bundle, tmp_path_factory):
    with running_clinic(tmp_path_factory.mktemp("clinic"), bundle=bundle) as clinic:
        clinic.add_people({"colleague": "dermatologist", "auditor": "auditor"})
        yield clinic


@pytest.fixture(scope="session")
def pictures(bundle):
    """`next(pictures)`: one that the network answers."""
    return answered_pictures(bundle)


@pytest.fixture(scope="session")
def program(playwright, clinic):
    """`program(role)`: the API with this person's token."""
    known = {}

    def for_role(role):
        if role not in known:
            known[role] = Program(playwright, clinic.url, clinic.logins[role])
        return known[role]

    return for_role


@pytest.fixture(scope="session")
def doors(browser, clinic):
    return Doors(browser, clinic)


@pytest.fixture
def visit(doors):
    """`visit(role)`: a page of somebody who is signed in. At the end of the test no page may have done wrong."""
    with doors.test() as open_page:
        yield open_page
