"""The pages of each role, and what is done on each of them before it is judged."""

from collections.abc import Callable
from typing import NamedTuple

import pytest

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


def ask_for_another(page):
    page.wait_for_load_state()
    page.keyboard.press("r")
    expect(page.get_by_role("radio", name="Out of focus")).to_be_focused()
    page.locator("#retake-form button[type=submit]").scroll_into_view_if_needed()


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
        Page("drafts to their end", "/home/drafts/"),
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
        Page("intake that is asked for an image", "/cases/{asked}/intake/", open_everything),
        Page("queue", "/worklist/?view=all"),
        Page("reading room", "/cases/{ready}/reading/"),
        Page("models", "/models/"),
        Page("usability", "/usability/"),
        Page("usability with holes", "/usability/", leave_statements_out),
        Page("password", "/accounts/password/change/"),
        Page("is it you", "/accounts/reauthenticate/"),
        Page("sign out", "/accounts/logout/"),
        Page("not allowed", "/audit/", answers=403),
        Page("not there", "/cases/00000000-0000-4000-8000-000000000000/", answers=404),
    ],
    "dermatologist": [
        Page("home", "/"),
        Page("queue", "/worklist/?view=all"),
        Page("queue filtered to nothing", "/worklist/?view=all&site=acral&tier=urgent&min_malignancy=0.99"),
        Page("queue of awaited images", "/worklist/?view=awaiting"),
        Page("queue keys", "/worklist/", open_the_keys),
        Page("reading", "/cases/{ready}/reading/", open_everything),
        Page("reading heat", "/cases/{ready}/reading/", show_the_heat),
        Page("reading held", "/cases/{held}/reading/"),
        Page("reading override", "/cases/{held}/reading/", open_the_override),
        Page("reading asks for another", "/cases/{held}/reading/", ask_for_another),
        Page("reading of awaited images", "/cases/{asked}/reading/"),
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
        Page("design system", "/design/"),
        Page("queue", "/worklist/?view=all"),
        Page("case", "/cases/{ready}/"),
        Page("reading room", "/cases/{decided}/reading/"),
    ],
    "auditor": [Page("home", "/"), Page("audit", "/audit/", wait_for_the_chain), Page("models", "/models/")],
}

FORMS, PIECE, FILE, PROGRAM = "takes forms only", "a piece of a page", "a file, not a page", "for programs"
# Addresses that no test of pages opens, each with the reason.
EXCUSED = {
    "healthz": PROGRAM,
    "readyz": PROGRAM,
    "api:schema": PROGRAM,
    "api:docs": "opened by a test of its own: its page is another project's",
    "account_inactive": "says one sentence in the frame of the page of sign-up",
    **dict.fromkeys(
        ["find_patients", "record_consent", "open_case", "add_lesion", "upload", "start_upload", "upload_part", "complete_upload", "discard_upload", "save_history", "submit", "discard", "describe_image", "mark_image", "set_scale", "accept_image", "remove_image", "reveal", "retry", "explain", "save_filter", "change_filter", "delete_filter", "read_next", "claim", "release", "sign", "request_images", "withdraw_request", "decline_retake", "audit_report", "activate_model"], FORMS),
    **dict.fromkeys(("progress", "explanations", "audit_chain", "likely_patients", "scale_suggestions"), PIECE),
    **dict.fromkeys(("explanation_overlay", "picture", "thumbnail", "heat", "audit_download"), FILE),
}  # fmt: skip
