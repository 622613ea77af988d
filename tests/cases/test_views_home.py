"""The start page, the frame around every page, and the door."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from cases.selectors import home
from cases.states import CaseState
from cases.views import home as home_views
from tests.factories import PASSWORD, AnalysisFactory, CaseFactory, PredictionFactory, RetakeRequestFactory

pytestmark = pytest.mark.django_db


def page_of(client, user, name="home"):
    client.force_login(user)
    return client.get(reverse(f"cases:{name}")).content.decode()


def section(page, heading):
    """The part of the page under this heading."""
    found = re.search(rf">{heading}</h2>.*?</section>", page, re.DOTALL)
    return found[0] if found else ""


@pytest.mark.parametrize(
    ("role", "places"),
    [
        ("staff", ["Home", "Queue", "Patients", "Models"]),
        ("dermatologist", ["Home", "Queue", "Patients", "Models"]),
        ("admin", ["Home", "Queue", "Patients", "Audit", "Models"]),
        ("auditor", ["Home", "Audit", "Models"]),
    ],
)
def test_the_navigation_shows_what_the_role_may_enter(north, client, role, places):
    page = page_of(client, getattr(north, role))
    bar = re.search(r'class="top-nav".*?</nav>', page, re.DOTALL)[0]
    assert re.findall(r">(\w+)</a>", bar) == places
    assert 'aria-current="page">Home' in bar


def test_staff_find_each_case_where_it_waits(north, client):
    cases = {
        "Drafts": CaseFactory(patient__clinic=north.clinic),
        "Being analysed": CaseFactory(patient__clinic=north.clinic, submitted=True),
        "Waiting for a dermatologist": CaseFactory(patient__clinic=north.clinic, ready=True),
    }
    page = page_of(client, north.staff)
    for heading, case in cases.items():
        part = section(page, heading)
        assert case.patient.pseudonym in part
        assert not any(other.patient.pseudonym in part for other in cases.values() if other != case)


def test_a_long_list_is_cut_and_says_how_long_it_is(north, client):
    CaseFactory.create_batch(22, patient__clinic=north.clinic, submitted=True)
    page = page_of(client, north.staff)
    part = section(page, "Being analysed")
    assert part.count('class="row-link"') == 20
    assert "20 of 22 are shown" in part
    assert "are shown" not in section(page, "Drafts")
    assert 'href="/home/analysing/">See all</a>' in part


def test_what_a_list_was_cut_of_is_a_click_away(north, south, client, monkeypatch):
    monkeypatch.setattr(home_views, "PAGE", 10)
    for clinic in (north.clinic, south.clinic):
        CaseFactory.create_batch(22, patient__clinic=clinic)
    wanted = {case.patient.pseudonym for case in home.cases_in(north.staff, CaseState.DRAFT)}
    client.force_login(north.staff)
    assert 'href="/home/drafts/">See all</a>' in section(page_of(client, north.staff), "Drafts")
    pages = [client.get(f"/home/drafts/?page={number}").content.decode() for number in (1, 2, 3)]
    seen = [re.findall(r"<b>(P-[0-9a-f]{8})</b>", page) for page in pages]
    assert [len(each) for each in seen] == [10, 10, 2]
    assert set().union(*seen) == wanted
    assert [("?page=2" in page, "?page=3" in page, "?page=4" in page) for page in pages] == [
        (True, False, False), (False, True, False), (True, False, False),
    ]  # fmt: skip
    assert "There is nothing here any more." in client.get("/home/drafts/?page=99999999").content.decode()
    assert client.get("/home/drafts/?page=x").content.decode().count('class="row-link"') == 10


@pytest.mark.parametrize(
    ("name", "allowed"),
    [("drafts", {"staff"}), ("analysing", {"staff"}), ("failed", {"staff", "admin"}), ("ready", set())],
)
def test_each_sees_whole_what_their_start_page_begins(north, client, name, allowed):
    for role in ("staff", "dermatologist", "admin", "auditor"):
        client.force_login(getattr(north, role))
        assert client.get(f"/home/{name}/").status_code == (200 if role in allowed else 404), role


def test_the_rest_of_what_waits_stands_in_the_queue(north, client):
    CaseFactory.create_batch(21, patient__clinic=north.clinic, ready=True)
    for case in CaseFactory.create_batch(21, patient__clinic=north.clinic, awaiting_images=True):
        RetakeRequestFactory(case=case)
    page = page_of(client, north.staff)
    assert 'href="/worklist/?view=all">See all</a>' in section(page, "Waiting for a dermatologist")
    assert 'href="/worklist/?view=awaiting">See all</a>' in section(page, "21 retakes asked")


def test_a_very_long_list_is_not_counted_to_its_end(north, client, monkeypatch):
    monkeypatch.setattr(home, "COUNTED", 21)
    CaseFactory.create_batch(23, patient__clinic=north.clinic, ready=True)
    assert "20 of more than 21 are shown" in section(page_of(client, north.staff), "Waiting for a dermatologist")


def test_of_many_retakes_those_that_wait_longest_are_shown(north, client):
    awaiting = CaseFactory.create_batch(22, patient__clinic=north.clinic, awaiting_images=True)
    for days, case in enumerate(awaiting):
        RetakeRequestFactory(case=case, created_at=timezone.now() - timedelta(days=days))
    part = section(page_of(client, north.staff), "22 retakes asked")
    assert part.count('class="row-link"') == 20
    assert "20 of 22 are shown" in part
    shown = [case.patient.pseudonym in part for case in awaiting]
    assert shown == [False] * 2 + [True] * 20


def test_a_list_of_a_clinic_is_read_from_one_index(north, south):
    for clinic in (north.clinic, south.clinic):
        CaseFactory(patient__clinic=clinic)
    assert home.cases_in(north.staff, CaseState.DRAFT).count() == 1
    for cases, index in (
        (home.cases_in(north.staff, CaseState.READY), "case_by_clinic_and_state"),
        (home.cases_in(north.staff, CaseState.DRAFT).order_by("-updated_at"), "case_drafts_of_clinic"),
    ):
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":  # so few are read quickest one by one, and put in order
                cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
        assert index in cases[: home.SHOWN].explain()


def test_staff_are_told_of_a_failed_analysis_until_it_is_retried(north, client):
    case = CaseFactory(patient__clinic=north.clinic, ready=True)
    analysis = AnalysisFactory(failed=True, image__case=case)
    assert case.patient.pseudonym in section(page_of(client, north.staff), "Analysis failed")
    type(analysis).objects.filter(pk=analysis.pk).update(state="queued", error="")
    assert section(page_of(client, north.staff), "Analysis failed") == ""


def test_a_dermatologist_sees_who_is_next_and_why_but_not_what_a_colleague_holds(north, client):
    urgent = CaseFactory(patient__clinic=north.clinic, ready=True, tier="urgent", malignancy=0.8, flagged=True)
    PredictionFactory(analysis__image__case=urgent, tier="urgent", prediction_set=["mel"], diagnosis="mel")
    held = CaseFactory(patient__clinic=north.clinic, in_review=True)
    mine = CaseFactory(patient__clinic=north.clinic, in_review=True, claimed_by=north.dermatologist)
    page = page_of(client, north.dermatologist)
    assert urgent.patient.pseudonym in section(page, "Next in the queue")
    assert "Melanoma in the prediction set" in section(page, "Next in the queue")
    assert mine.patient.pseudonym in section(page, "Held by me")
    assert held.patient.pseudonym not in page


def test_an_empty_queue_has_words(north, client):
    page = page_of(client, north.dermatologist)
    assert "Nothing is waiting" in page
    assert "Read next" not in page


def test_the_admin_reads_the_numbers_of_today(north, south, client):
    CaseFactory.create_batch(2, patient__clinic=north.clinic, submitted=True)
    CaseFactory(patient__clinic=south.clinic, submitted=True)
    page = page_of(client, north.admin)
    assert re.search(r"Cases submitted</dt><dd>2<", page)
    assert re.search(r"Patients registered</dt><dd>2<", page)


def test_intimate_sites_are_veiled_in_lists(north, client):
    case = CaseFactory(patient__clinic=north.clinic)
    AnalysisFactory(image__case=case, image__lesion__site="genital", image__lesion__patient=case.patient)
    part = section(page_of(client, north.staff), "Drafts")
    assert "veiled" in part
    assert "<img" not in part


def test_every_page_carries_the_policy_without_inline_code(north, client_for):
    policy = client_for(north.staff).get(reverse("cases:home"))["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_the_right_password_opens_and_the_wrong_one_says_so(north, client):
    form = {"login": north.staff.username, "password": PASSWORD}
    refused = client.post(reverse("account_login"), {**form, "password": "wrong"})
    assert "not correct" in refused.content.decode()
    assert client.post(reverse("account_login"), form)["Location"] == "/"


def test_too_many_wrong_passwords_say_how_long_to_wait(north, client):
    form = {"login": north.staff.username, "password": "wrong"}
    answers = [client.post(reverse("account_login"), form).content.decode() for _ in range(6)]
    assert "Wait five minutes, then try again." in answers[-1]


def test_who_is_asked_for_the_password_once_more_is_told_why(north, client_for):
    staff = client_for(north.staff)
    page = staff.get(reverse("account_reauthenticate")).content.decode()
    assert f"What comes next is for {north.staff.username} alone." in page
    refused = staff.post(reverse("account_reauthenticate"), {"password": "wrong"}).content.decode()
    assert "The password is not correct." in refused


@pytest.mark.parametrize("path", ["password/reset/", "email/", "confirm-email/", "login/code/confirm/"])
def test_pages_that_would_send_mail_are_not_there(client, path):
    assert client.get(f"/accounts/{path}").status_code == 404


def test_nobody_signs_up(client):
    answer = client.post(reverse("account_signup"), {"username": "mallory", "password1": PASSWORD})
    assert "There is no sign-up here" in answer.content.decode()


def test_a_wrong_address_is_told_in_words(client):
    answer = client.get("/nowhere/")
    assert answer.status_code == 404
    assert "There is nothing here" in answer.content.decode()


def test_signing_out_asks_first_and_ends_at_the_door(north, client_for):
    client = client_for(north.staff)
    assert "Sign out?" in client.get(reverse("account_logout")).content.decode()
    gone = client.post(reverse("account_logout"))
    assert (gone["Location"], gone["Clear-Site-Data"]) == ("/accounts/login/", '"storage"')
    assert client.get(reverse("cases:home")).status_code == 302
