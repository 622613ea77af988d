"""Asking for other images and answering, as programs do it."""

import pytest

from tests.cases.api.test_problems import check
from tests.drawings import jpeg

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(answered):
    return f"/api/v1/cases/{answered.pk}"


@pytest.fixture
def asked(answered, north, api, case):
    """The case after the request, as it was answered."""
    image = str(answered.analysis.image_id)
    answer = api(north.dermatologist).post(
        f"{case}/request-images/", {"reason": "blur", "comment": "Closer.", "image": image}
    )
    assert answer.status_code == 200
    answered.refresh_from_db()
    return answer.json()


@pytest.fixture
def replaced(asked, answered, north, upload):
    """The ids of the image that was there, and of the one in its stead."""
    old = str(answered.analysis.image_id)
    answer = upload(north.staff, answered, answered.analysis.image.lesion, jpeg(601), replaces=old)
    assert (answer.status_code, answer.json()["replaces"]) == (201, old)
    return old, answer.json()["id"]


def test_the_request_is_shown_until_it_is_answered(asked, replaced, north, api, case):
    old, new = replaced
    assert asked["state"] == "awaiting_images"
    assert asked["paused_at"] == asked["retake"]["created_at"]
    assert (asked["retake"]["reason"], asked["retake"]["image"], asked["retake"]["unable"]) == ("blur", old, None)
    told = api(north.staff).post(f"{case}/submit/")
    assert told.status_code == 202
    after = told.json()
    assert (after["retake"], after["paused_at"]) == (None, None)
    assert (after["retakes"][0]["answered_by"], after["retakes"][0]["unable"]) == (str(north.staff.pk), None)
    assert {image["id"]: image["replaces"] for image in after["images"]} == {old: None, new: old}
    assert [analysis["image"] for analysis in after["analyses"]] == [old]  # kept, though it no longer counts
    assert after["malignancy"] is None


def test_that_none_can_be_taken_is_an_answer_too(asked, north, api, case):
    staff = api(north.staff)
    problem = check(staff.post(f"{case}/decline-retake/", {"reason": "other"}), 422)
    assert list(problem["errors"]) == ["comment"]
    after = staff.post(f"{case}/decline-retake/", {"reason": "other", "comment": "Moved away."}).json()
    assert (after["state"], after["retake"]) == ("ready", None)
    assert (after["retakes"][0]["unable"], after["retakes"][0]["answer"]) == ("other", "Moved away.")


def test_a_request_can_be_taken_back(asked, north, api, case):
    after = api(north.dermatologist).post(f"{case}/withdraw-request/").json()
    assert (after["state"], after["retakes"][0]["cancelled_by"]) == ("ready", str(north.dermatologist.pk))


def test_the_wrong_state_is_409_and_names_the_legal_ones(asked, north, api, case):
    reader = api(north.dermatologist)
    problem = check(reader.post(f"{case}/request-images/", {"reason": "blur"}), 409)
    assert (problem["current"], "submitted" in problem["legal"]) == ("awaiting_images", True)
    reader.post(f"{case}/withdraw-request/")
    for act, body in (("withdraw-request", {}), ("decline-retake", {"reason": "no_better"})):
        problem = check(reader.post(f"{case}/{act}/", body), 409)
        assert (problem["current"], "awaiting_images" in problem["legal"]) == ("ready", True)


def test_nothing_new_is_422(asked, north, api, case):
    assert list(check(api(north.staff).post(f"{case}/submit/"), 422)["errors"]) == ["images"]


def test_awaited_images_have_their_own_part_of_the_worklist(asked, north, api):
    reader = api(north.dermatologist)
    assert reader.get("/api/v1/worklist/").json()["results"] == []
    [row] = reader.get("/api/v1/worklist/?state=awaiting_images").json()["results"]
    assert (row["id"], row["state"]) == (asked["id"], "awaiting_images")
