"""People's own filters of the queue: one name once, one default, never half of what was meant."""

import pytest
from django.db import connection

from cases.errors import Conflict, Forbidden, InvalidInput, NotFound
from cases.selectors.saved_filters import counted, problems_of
from cases.services import saved_filters as services
from cases.services.saved_filters import delete_filter, save_filter, update_filter
from tests.factories import CaseFactory, LesionImageFactory, SavedFilterFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader(north):
    return north.dermatologist


def waits(clinic, *, site="back", malignancy=0.4, flagged=True):
    waiting = {"ready": True, "tier": "soon", "flagged": flagged, "flag_threshold": 0.3}
    case = CaseFactory(patient__clinic=clinic, malignancy=malignancy, **waiting)
    LesionImageFactory(case=case, lesion__site=site)


@pytest.mark.parametrize(
    ("criteria", "count"),
    [
        ({}, 2),  # flagged, as the queue itself
        ({"view": "all"}, 3),
        ({"view": "all", "site": "ear"}, 2),
        ({"view": "all", "min_malignancy": 0.35}, 2),
        ({"threshold": 0.45}, 1),
        ({"view": "mine"}, 0),
        ({"view": "unassessed"}, 0),
        ({"view": "awaiting"}, 1),
        ({"view": "all", "state": "in_review"}, 0),
        ({"view": "all", "tier": "urgent"}, 0),
    ],
)
def test_each_filter_counts_what_matches_it(north, south, reader, criteria, count):
    waits(north.clinic)
    waits(north.clinic, site="ear", malignancy=0.5)
    waits(north.clinic, site="ear", malignancy=0.1, flagged=False)
    waits(south.clinic, site="ear")
    CaseFactory(awaiting_images=True, patient__clinic=north.clinic)
    save_filter(owner=reader, name="Mine", criteria=criteria)
    assert [(saved.count, saved.problems) for saved in counted(reader)] == [(count, {})]


def test_a_name_is_used_once_whatever_its_capitals(north, reader):
    save_filter(owner=reader, name=" Ears ", criteria={"site": "ear"})
    with pytest.raises(InvalidInput, match="already"):
        save_filter(owner=reader, name="EARS", criteria={})
    colleague = UserFactory(clinic=north.clinic, role="dermatologist")
    assert save_filter(owner=colleague, name="ears", criteria={}).name == "ears"


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite knows the capitals of ASCII only")
@pytest.mark.parametrize(("name", "capital"), [("ß", "ẞ"), ("k", "\N{KELVIN SIGN}")])
def test_a_capital_that_is_no_ordinary_one_is_the_same_name_too(reader, name, capital):
    save_filter(owner=reader, name=name, criteria={})
    with pytest.raises(InvalidInput, match="already"):
        save_filter(owner=reader, name=capital, criteria={})


@pytest.mark.parametrize("name", ["", "  ", "x" * 41])
def test_a_name_says_something_and_not_too_much(reader, name):
    with pytest.raises(InvalidInput) as refusal:
        save_filter(owner=reader, name=name, criteria={})
    assert list(refusal.value.errors) == ["name"]


@pytest.mark.parametrize(
    ("criteria", "field"),
    [
        ({"site": "earlobe"}, "site"),
        ({"tier": "soonish"}, "tier"),
        ({"state": "decided"}, "state"),
        ({"view": "yours"}, "view"),
        ({"min_malignancy": 7}, "min_malignancy"),
        ({"threshold": True}, "threshold"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_nobody_knows_is_not_saved(reader, criteria, field):
    with pytest.raises(InvalidInput) as refusal:
        save_filter(owner=reader, name="Odd", criteria=criteria)
    assert list(refusal.value.errors) == [field]


def test_what_is_gone_since_is_told_and_can_be_put_right(north, reader):
    saved = SavedFilterFactory(clinic=north.clinic, owner=reader, criteria={"view": "all", "site": "earlobe"})
    (found,) = counted(reader)
    assert found.count is None
    assert found.problems == {"site": "There is no site “earlobe” (any more)."}
    assert update_filter(owner=reader, saved=saved, name="Old ears").name == "Old ears"
    assert problems_of(update_filter(owner=reader, saved=saved, criteria={"site": "ear"}).criteria) == {}


def test_the_queue_opens_with_one_of_them_only(reader):
    first = save_filter(owner=reader, name="First", criteria={}, is_default=True)
    second = save_filter(owner=reader, name="Second", criteria={})
    update_filter(owner=reader, saved=second, is_default=True)
    first.refresh_from_db()
    assert not first.is_default
    assert not update_filter(owner=reader, saved=second, is_default=False).is_default


def test_what_is_left_out_stays(reader):
    saved = save_filter(owner=reader, name="Ears", criteria={"site": "ear"}, is_default=True)
    renamed = update_filter(owner=reader, saved=saved, name="All ears")
    assert (renamed.name, renamed.criteria, renamed.is_default) == ("All ears", {"site": "ear"}, True)


def test_a_filter_may_keep_its_own_name(reader):
    saved = save_filter(owner=reader, name="Ears", criteria={})
    assert update_filter(owner=reader, saved=saved, name="EARS").name == "EARS"


def test_there_is_a_most(reader, monkeypatch):
    monkeypatch.setattr(services, "MOST_SAVED", 1)
    save_filter(owner=reader, name="One", criteria={})
    with pytest.raises(Conflict, match="Delete one first"):
        save_filter(owner=reader, name="Two", criteria={})


def test_nobody_touches_anothers(north, south, reader):
    saved = save_filter(owner=reader, name="Ears", criteria={})
    for other in (north.admin, south.dermatologist):
        with pytest.raises(NotFound):
            update_filter(owner=other, saved=saved, name="Mine now")
        with pytest.raises(NotFound):
            delete_filter(owner=other, saved=saved)
    with pytest.raises(Forbidden):
        save_filter(owner=north.auditor, name="Ears", criteria={})
    delete_filter(owner=reader, saved=saved)
    assert counted(reader) == []
