"""A filter of the queue under a name: kept, opened, changed, made the default, deleted; and one that is out of date."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse

from cases.models import SavedFilter
from tests.factories import CaseFactory, LesionImageFactory, SavedFilterFactory

pytestmark = pytest.mark.django_db
QUEUE = "/worklist/"


@pytest.fixture
def browser(client_for, north):
    return client_for(north.dermatologist)


@pytest.fixture
def ear(north):
    """A case of the ear waits, and beside it one of the back."""
    cases = {}
    for site in ("ear", "back"):
        cases[site] = CaseFactory(ready=True, patient__clinic=north.clinic, tier="soon", malignancy=0.4, flagged=True)
        LesionImageFactory(case=cases[site], lesion__site=site)
    return cases["ear"]


@pytest.fixture
def saved(north):
    return SavedFilterFactory(clinic=north.clinic, owner=north.dermatologist, name="Ears")


def shown(answer):
    return re.findall(r'data-case="([0-9a-f-]+)"', answer.content.decode())


def words(answer):
    return " ".join(re.sub("<[^>]+>", " ", answer.content.decode()).split())


def change(browser, saved, **fields):
    return browser.post(reverse("cases:change_filter", args=[saved.pk]), fields, follow=True)


def test_what_is_shown_is_kept_and_opened_by_its_name(browser, ear, north):
    page = browser.get(f"{QUEUE}?view=all&site=ear")
    (criteria,) = re.findall(r'name="shown" value="([^"]+)"', page.content.decode())
    assert parse_qs(criteria.replace("&amp;", "&")) == {"view": ["all"], "site": ["ear"]}
    answer = browser.post(reverse("cases:save_filter"), {"name": "Ears", "shown": "view=all&site=ear"}, follow=True)
    assert shown(answer) == [str(ear.pk)]
    assert "1 case in “Ears”" in words(answer)
    assert "“Ears” is saved. Only you see it." in words(answer)
    assert "My filters Ears 1" in words(answer)
    kept = SavedFilter.objects.get()
    assert (kept.owner, kept.criteria) == (north.dermatologist, {"view": "all", "site": "ear"})


def test_a_part_of_the_queue_alone_is_nothing_to_save(browser, ear):
    assert "Save this filter as" not in words(browser.get(f"{QUEUE}?view=all"))


def test_a_name_that_is_taken_is_told_and_the_page_stays_filtered(browser, ear, saved):
    answer = browser.post(reverse("cases:save_filter"), {"name": "ears", "shown": "view=all&site=ear"}, follow=True)
    assert "The filter was not saved. You have a filter “ears” already." in words(answer)
    assert shown(answer) == [str(ear.pk)]


def test_its_count_is_live_without_its_being_open(browser, ear, saved):
    seen = re.search(r"seen=([0-9a-f.]+)", browser.get(f"{QUEUE}?view=mine").content.decode()).group(1)
    live = {"headers": {"hx_request": "true"}}
    assert browser.get(f"{QUEUE}?view=mine&seen={seen}", **live).status_code == 204
    another = CaseFactory(ready=True, patient__clinic=saved.clinic, tier="soon", malignancy=0.4)
    LesionImageFactory(case=another, lesion__site="ear")
    piece = browser.get(f"{QUEUE}?view=mine&seen={seen}", **live)
    assert "My filters Ears 2" in words(piece)


def test_a_changed_filter_can_be_kept_or_left(browser, ear, saved):
    page = browser.get(f"{QUEUE}?saved={saved.pk}&view=all&site=back")
    assert "in “Ears”, changed" in words(page)
    assert "Keep what is shown" in words(page)
    answer = change(browser, saved, shown="view=all&site=back")
    assert "“Ears” was changed." in words(answer)
    saved.refresh_from_db()
    assert saved.criteria == {"view": "all", "site": "back"}


def test_it_is_renamed(browser, saved):
    assert "The filter is called “All ears” now." in words(change(browser, saved, name="All ears"))
    assert "“All ears” stays as it was." in words(change(browser, saved, name="  "))


def test_the_queue_opens_with_the_default_and_with_what_is_asked_for(browser, ear, saved):
    assert "The queue now opens with “Ears”." in words(change(browser, saved, default="yes"))
    opened = browser.get(QUEUE)
    assert urlsplit(opened["Location"]).query == f"saved={saved.pk}"
    assert len(shown(browser.get(f"{QUEUE}?view=flagged"))) == 2
    assert "The queue no longer opens with “Ears”." in words(change(browser, saved, default="no"))
    assert browser.get(QUEUE).status_code == 200


def test_deleted_it_leaves_the_cases_alone(browser, ear, saved):
    answer = browser.post(reverse("cases:delete_filter", args=[saved.pk]), follow=True)
    assert "“Ears” is deleted. No case was changed." in words(answer)
    assert len(shown(answer)) == 2
    assert browser.get(f"{QUEUE}?saved={saved.pk}").status_code == 404


def test_one_that_means_nothing_any_more_shows_no_half_of_it(browser, ear, saved):
    saved.criteria = {"view": "all", "site": "earlobe"}
    saved.save()
    page = browser.get(f"{QUEUE}?saved={saved.pk}")
    assert shown(page) == []
    assert "This filter cannot be used any more There is no site “earlobe” (any more)." in words(page)
    assert "Ears ! cannot be used" in words(page)
    assert shown(browser.get(f"{QUEUE}?saved={saved.pk}&view=all&site=ear")) == [str(ear.pk)]


@pytest.mark.parametrize("name", ["change_filter", "delete_filter"])
def test_a_colleagues_filter_is_not_there(client_for, north, saved, name):
    client = client_for(north.admin)
    assert client.post(reverse(f"cases:{name}", args=[saved.pk]), {"name": "Mine"}).status_code == 404
    assert client.get(f"{QUEUE}?saved={saved.pk}").status_code == 404
    assert "Ears" not in words(client.get(QUEUE))


def test_an_address_with_nonsense_is_no_filter(browser):
    assert browser.get(f"{QUEUE}?saved=nonsense").status_code == 404
