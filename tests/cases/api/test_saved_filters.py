"""A person's own filters of the worklist, by program."""

import pytest

from tests.factories import CaseFactory, LesionImageFactory, SavedFilterFactory

pytestmark = pytest.mark.django_db
FILTERS = "/api/v1/worklist-filters/"


@pytest.fixture
def reader(north):
    case = CaseFactory(ready=True, patient__clinic=north.clinic, tier="soon", malignancy=0.4, flagged=True)
    LesionImageFactory(case=case, lesion__site="ear")
    return north.dermatologist


def test_from_saving_to_deleting(api, reader):
    client = api(reader)
    made = client.post(FILTERS, {"name": "Ears", "criteria": {"view": "all", "site": "ear"}}, format="json")
    assert made.status_code == 201
    told = made.json()
    assert (told["count"], told["problems"], told["is_default"]) == (1, {}, False)
    one = f"{FILTERS}{told['id']}/"
    changed = client.post(one, {"name": "All ears", "is_default": True}, format="json").json()
    assert (changed["name"], changed["is_default"], changed["criteria"]) == ("All ears", True, told["criteria"])
    assert client.get(FILTERS).json()["results"] == [changed]
    assert client.get(one).json() == changed
    assert client.post(f"{one}delete/").json() == changed
    assert client.get(FILTERS).json()["results"] == []


def test_the_worklist_takes_a_saved_filter(api, reader, north):
    LesionImageFactory(case=CaseFactory(ready=True, patient__clinic=north.clinic), lesion__site="back")
    saved = SavedFilterFactory(clinic=north.clinic, owner=reader)
    rows = api(reader).get(f"/api/v1/worklist/?saved={saved.pk}").json()["results"]
    assert [row["sites"] for row in rows] == [["ear"]]
    assert api(north.admin).get(f"/api/v1/worklist/?saved={saved.pk}").status_code == 400


def test_one_that_means_nothing_any_more_is_refused_in_words(api, reader, north):
    saved = SavedFilterFactory(clinic=north.clinic, owner=reader, criteria={"site": "earlobe"})
    answer = api(reader).get(f"/api/v1/worklist/?saved={saved.pk}")
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["site"])
    told = api(reader).get(f"{FILTERS}{saved.pk}/").json()
    assert told["count"] is None
    assert "earlobe" in told["problems"]["site"]


def test_a_name_twice_is_a_rule_not_met(api, reader, north):
    SavedFilterFactory(clinic=north.clinic, owner=reader, name="Ears")
    answer = api(reader).post(FILTERS, {"name": "ears", "criteria": {}}, format="json")
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["name"])
