"""The queue page: order, filters, reading on, and a live table that rests while nothing changes."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from cases.models import AuditEvent, Case
from cases.templatetags.reading import waited
from tests.factories import (
    AnalysisFactory,
    CaseFactory,
    LesionImageFactory,
    ModelVersionFactory,
    PredictionFactory,
    thresholds,
)

pytestmark = pytest.mark.django_db
QUEUE = "/worklist/"


@pytest.fixture
def waiting(north):
    """`waiting(tier, malignancy, …)`: an analysed case that waits in the first clinic."""

    def make(tier, malignancy, *, minutes=10, site="back", flagged=True, **fields):
        since = timezone.now() - timedelta(minutes=minutes)
        case = CaseFactory(
            ready=True, patient__clinic=north.clinic, tier=tier, malignancy=malignancy, flagged=flagged,
            silent=not tier, flag_threshold=0.3, submitted_at=since, **fields,
        )  # fmt: skip
        image = LesionImageFactory(case=case, lesion__site=site)
        version = north.clinic.model_versions.first()
        kept = {"model_version": version} if version else {}
        if tier:
            analysis = AnalysisFactory(image=image, succeeded=True, **kept)
            PredictionFactory(analysis=analysis, tier=tier, malignancy=malignancy, diagnosis="mel")
        else:
            AnalysisFactory(image=image, abstained=True, **kept)
        return case

    return make


@pytest.fixture
def browser(client_for, north):
    return client_for(north.dermatologist)


def shown(answer):
    return re.findall(r'data-case="([0-9a-f-]+)"', answer.content.decode())


def ids(*cases):
    return [str(case.pk) for case in cases]


def test_flagged_cases_stand_in_order_of_tier_then_harm_times_waiting(browser, waiting):
    soon = waiting("soon", 0.6, minutes=500)
    unscored = waiting("", None, minutes=1)
    mild = waiting("urgent", 0.4, minutes=10)
    longer = waiting("urgent", 0.4, minutes=200)
    waiting("routine", 0.05, flagged=False)
    assert shown(browser.get(QUEUE)) == ids(longer, mild, unscored, soon)


def test_each_row_says_why_it_stands_there(browser, waiting):
    waiting("urgent", 0.64)
    page = browser.get(QUEUE).content.decode()
    assert "Melanoma in the prediction set" in page
    assert "<b>0.64</b>" in page
    assert "▲" in page
    assert "Within a priority: malignancy × waiting time." in page


def test_a_case_without_a_result_shows_no_number(browser, waiting):
    waiting("", 0.9)  # one image was answered, another was not
    page = browser.get(QUEUE).content.decode()
    assert "no score" in page
    assert "0.90" not in page


def test_a_genital_image_is_veiled(browser, waiting):
    case = waiting("urgent", 0.5, site="genital")
    page = browser.get(QUEUE).content.decode()
    assert "veiled" in page
    assert reverse("cases:thumbnail", args=[case.images.get().pk]) not in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("view=all", {"urgent", "soon", "routine", "unscored"}),
        ("view=all&tier=soon", {"soon"}),
        ("view=all&tier=unassessed", {"unscored"}),
        ("view=unassessed", {"unscored"}),
        ("view=all&site=ear", {"soon"}),
        ("view=all&min_malignancy=0.35", {"urgent", "soon"}),
        ("view=all&state=in_review", set()),
        ("view=flagged&threshold=0.7", {"urgent", "unscored"}),
        ("view=mine", set()),
        ("tier=nonsense&min_malignancy=seven", {"urgent", "soon", "unscored"}),
    ],
)
def test_filters(browser, waiting, query, found):
    cases = {
        "urgent": waiting("urgent", 0.8),
        "soon": waiting("soon", 0.4, site="ear"),
        "routine": waiting("routine", 0.1, flagged=False),
        "unscored": waiting("", None),
    }
    assert set(shown(browser.get(f"{QUEUE}?{query}"))) == {str(cases[name].pk) for name in found}


def test_a_value_that_no_malignancy_has_is_marked_in_words(browser, waiting):
    waiting("urgent", 0.8)
    page = browser.get(f"{QUEUE}?min_malignancy=7").content.decode()
    assert 'id="id_min_malignancy_error_1">A number from 0 to 1' in page


def test_a_filter_that_hides_unscored_cases_says_so(browser, waiting):
    waiting("urgent", 0.8)
    assert "cases without a score are hidden" in browser.get(f"{QUEUE}?min_malignancy=0.1").content.decode()


def test_the_live_piece_is_silent_until_something_changes(browser, waiting):
    case = waiting("urgent", 0.8)
    seen = re.search(r"seen=([0-9a-f.]+)", browser.get(QUEUE).content.decode()).group(1)
    live = {"HTTP_HX_REQUEST": "true"}
    assert browser.get(f"{QUEUE}?seen={seen}", **live).status_code == 204
    Case.objects.filter(pk=case.pk).update(malignancy=0.9)
    changed = browser.get(f"{QUEUE}?seen={seen}", **live)
    assert changed.status_code == 200
    assert b"<!doctype" not in changed.content
    assert b'id="worklist-views" aria-label="Waiting" hx-swap-oob="true"' in changed.content


def test_polling_writes_no_event_while_the_list_is_the_same(browser, waiting):
    waiting("urgent", 0.8)
    page = browser.get(QUEUE).content.decode()
    seen = re.search(r"seen=([0-9a-f.]+)", page).group(1)
    order = seen.partition(".")[0]
    browser.get(f"{QUEUE}?seen={seen}", HTTP_HX_REQUEST="true")
    browser.get(f"{QUEUE}?seen={order}.other", HTTP_HX_REQUEST="true")  # a minute passed: same cases, other words
    assert AuditEvent.objects.filter(action="worklist_viewed").count() == 1
    waiting("soon", 0.4)
    browser.get(f"{QUEUE}?seen={seen}", HTTP_HX_REQUEST="true")
    assert AuditEvent.objects.filter(action="worklist_viewed").count() == 2


def test_read_next_claims_the_first_that_nobody_holds(browser, north, waiting, client_for):
    held = waiting("urgent", 0.9)
    colleague = CaseFactory(in_review=True, patient__clinic=north.clinic).claimed_by
    now = timezone.now()
    Case.objects.filter(pk=held.pk).update(
        state="in_review", claimed_by=colleague, claim_until=now + timedelta(minutes=9)
    )
    free = waiting("soon", 0.4)
    answer = browser.post(reverse("cases:read_next"))
    assert answer["Location"] == reverse("cases:reading", args=[free.pk])
    free.refresh_from_db()
    assert free.claimed_by == north.dermatologist


def test_read_next_with_an_empty_queue_says_so(browser):
    answer = browser.post(reverse("cases:read_next"), follow=True)
    assert "Nothing waits for you" in answer.content.decode()


def test_read_next_is_offered_where_something_waits_and_comes_with_it(browser, waiting):
    offer = re.compile(r'<button[^>]*id="read-next-button"[^>]*?( disabled)?>(.*?)<')
    assert offer.search(browser.get(QUEUE).content.decode()).groups() == (" disabled", "Nothing to read")
    assert "Press “Read next”" not in browser.get(f"{QUEUE}?view=mine").content.decode()
    waiting("urgent", 0.8)
    assert offer.search(browser.get(QUEUE).content.decode()).groups() == (None, "Read next ")
    news = browser.get(f"{QUEUE}?seen=old.old", headers={"HX-Request": "true"}).content.decode()
    assert re.search(r'<form id="read-next"[^>]* hx-swap-oob="true"', news)
    assert offer.search(news).groups() == (None, "Read next ")


def test_staff_see_the_queue_and_cannot_claim_from_it(client_for, north, waiting):
    waiting("urgent", 0.8)
    page = client_for(north.staff).get(QUEUE).content.decode()
    assert "data-claim-url" not in page
    assert "Read next" not in page
    assert client_for(north.staff).post(reverse("cases:read_next")).status_code == 403


def test_the_policy_shows_what_the_threshold_stands_for(browser, north, waiting, active_model):
    active_model.thresholds = thresholds(0.3)
    active_model.save()
    waiting("urgent", 0.8)
    waiting("soon", 0.4)
    waiting("", None)
    page = browser.get(f"{QUEUE}?threshold=0.5").content.decode()
    assert 'data-out="flags">2<' in page  # one above the slider, and silence is flagged under any
    assert "policy stays at 0.30" in page
    assert "80 %" in page
    below = browser.get(f"{QUEUE}?threshold=0.2").content.decode()
    assert 'data-out="sensitivity">not measured<' in below
    assert "80 %" not in below


def test_scores_of_another_version_are_told_beside_the_rates(browser, north, waiting, active_model):
    waiting("urgent", 0.8)
    assert "another model version" not in browser.get(QUEUE).content.decode()
    north.clinic.model_versions.update(stage="retired")
    ModelVersionFactory(clinic=north.clinic, stage="active")
    assert "1 waiting case has a score by another model version" in browser.get(QUEUE).content.decode()


@pytest.mark.parametrize(
    ("minutes", "words"), [(0, "0 min"), (59, "59 min"), (61, "1 h 01 min"), (1440 + 125, "1 d 2 h"), (-5, "0 min")]
)
def test_waiting_time_in_words(minutes, words):
    assert waited(timedelta(minutes=minutes)) == words
