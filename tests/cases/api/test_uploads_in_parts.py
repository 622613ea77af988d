"""Files in parts through the API, as a program with a bad connection sends them."""

import pytest

from cases.models import LesionImage, Upload
from cases.pictures import sha256
from tests.cases.api.test_problems import check
from tests.drawings import jpeg
from tests.factories import LesionImageFactory

FILE = jpeg(1)
HALF = len(FILE) // 2
OCTETS = "application/offset+octet-stream"


@pytest.fixture
def announce(api, draft, north):
    def post(data=FILE, *, user=north.staff, headers=None, **changes):
        body = {"byte_size": len(data), "sha256": sha256(data), "lesion": str(draft.lesion.pk)}
        where = f"/api/v1/cases/{draft.pk}/uploads/"
        return api(user).post(where, {**body, "image_type": "dermoscopic", **changes}, headers=headers or {})

    return post


@pytest.fixture
def part(api, north):
    def patch(upload, offset, data, *, user=north.staff, media_type=OCTETS):
        headers = {} if offset is None else {"Upload-Offset": str(offset)}
        where = f"/api/v1/uploads/{upload['id']}/"
        return api(user).generic("PATCH", where, data, content_type=media_type, headers=headers)

    return patch


@pytest.fixture
def complete(api, north):
    def post(upload, *, user=north.staff, headers=None, **body):
        return api(user).post(f"/api/v1/uploads/{upload['id']}/complete/", body, headers=headers or {})

    return post


def test_from_announcement_to_image(announce, part, complete, api, north):
    upload = announce().json()
    assert (upload["offset"], upload["byte_size"], upload["completed_at"]) == (0, len(FILE), None)
    first = part(upload, 0, FILE[:HALF])
    assert (first.status_code, first["Upload-Offset"], first.json()["offset"]) == (200, str(HALF), HALF)
    where = f"/api/v1/uploads/{upload['id']}/"
    seen = api(north.staff).head(where)
    assert (seen["Upload-Offset"], seen["Upload-Length"]) == (str(HALF), str(len(FILE)))
    listed = api(north.staff).get(f"/api/v1/cases/{upload['case']}/uploads/").json()["results"]
    assert [each["id"] for each in listed] == [upload["id"]]
    assert announce().json()["offset"] == HALF
    part(upload, HALF, FILE[HALF:])
    image = complete(upload)
    assert (image.status_code, image.json()["sha256"]) == (201, sha256(FILE))
    assert complete(upload).json()["id"] == image.json()["id"]
    assert api(north.staff).get(where).json()["completed_at"]
    assert LesionImage.objects.count() == 1


@pytest.mark.parametrize("said", ["synthetic", "altered"])
def test_what_was_done_to_an_image_is_said_of_it_in_parts(announce, part, complete, said):
    begun = announce(image_manipulation=said).json()
    part(begun, 0, FILE)
    assert (begun["image_manipulation"], complete(begun).json()["image_manipulation"]) == (said, said)


@pytest.mark.parametrize("offset", [0, 1, len(FILE)])
def test_another_offset_is_a_409_that_names_the_right_one(announce, part, offset):
    upload = announce().json()
    part(upload, 0, FILE[:HALF])
    answer = part(upload, offset, b"x")
    problem = check(answer, 409)
    assert problem["type"] == "urn:skinclinic:problem:upload-offset"
    assert (problem["offset"], answer["Upload-Offset"]) == (HALF, str(HALF))


def test_the_first_offset_is_named_too_though_it_is_nought(announce, part):
    assert check(part(announce().json(), 5, b"x"), 409)["offset"] == 0


def test_a_file_that_is_not_whole_is_not_completed(announce, part, complete):
    upload = announce().json()
    part(upload, 0, FILE[:HALF])
    assert check(complete(upload), 409)["offset"] == HALF


@pytest.mark.parametrize("offset", [None, "", "-1", "one", "9" * 5000])
def test_an_offset_that_is_none_is_a_400(announce, part, offset):
    assert list(check(part(announce().json(), offset, FILE), 400)["errors"]) == ["Upload-Offset"]


def test_a_part_of_another_type_and_one_that_is_too_large(announce, part):
    upload = announce().json()
    check(part(upload, 0, FILE, media_type="application/json"), 415)
    check(part(upload, 0, bytes(2 * 1024 * 1024 + 1)), 413)
    check(part(upload, 0, b""), 422)
    assert Upload.objects.get().offset == 0


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"byte_size": 20_000_001}, 422, "byte_size"),
        ({"byte_size": 0}, 400, "byte_size"),
        ({"sha256": "z" * 64}, 422, "sha256"),
        ({"lesion": None}, 400, "lesion"),
        ({"image_type": "clinical: close-up", "dermoscopic_type": "contact polarized"}, 422, "dermoscopic_type"),
    ],
)
def test_a_wrong_announcement(announce, changes, status, field):
    assert list(check(announce(**changes), status)["errors"]) == [field]
    assert not Upload.objects.exists()


def test_what_is_no_picture_is_a_422_and_leaves_nothing(announce, part, complete, rows_and_files):
    before = rows_and_files()
    data = b"no picture at all" * 9
    upload = announce(data).json()
    part(upload, 0, data)
    assert list(check(complete(upload, headers={"Idempotency-Key": "k"}), 422)["errors"]) == ["file"]
    assert rows_and_files()[0] == before[0]


def test_the_picture_of_another_patient_is_held_up_before_it_travels(announce, part, complete, north):
    LesionImageFactory(case__patient__clinic=north.clinic, seed=1)
    assert check(announce(), 409)["type"] == "urn:skinclinic:problem:image-of-another-patient"
    upload = announce(override_reason="Sent twice by the camera.").json()
    part(upload, 0, FILE)
    assert complete(upload).json()["override_reason"] == "Sent twice by the camera."


def test_completed_twice_with_one_key_it_is_answered_again(announce, part, complete):
    upload = announce(headers={"Idempotency-Key": "a"}).json()
    assert announce(headers={"Idempotency-Key": "a"})["Idempotent-Replayed"] == "true"
    part(upload, 0, FILE)
    first, again = (complete(upload, headers={"Idempotency-Key": "b"}) for _ in range(2))
    assert first.json() == again.json()
    assert again["Idempotent-Replayed"] == "true"


def test_it_can_be_stopped(announce, part, api, north, media):
    upload = announce().json()
    part(upload, 0, FILE[:HALF])
    assert api(north.staff).delete(f"/api/v1/uploads/{upload['id']}/").status_code == 204
    check(part(upload, HALF, FILE[HALF:]), 404)


def test_another_clinic_finds_nothing(announce, part, complete, south, api):
    upload = announce().json()
    check(announce(user=south.staff), 404)
    check(part(upload, 0, FILE, user=south.staff), 404)
    check(complete(upload, user=south.staff), 404)
    for method in ("get", "delete"):
        check(getattr(api(south.staff), method)(f"/api/v1/uploads/{upload['id']}/"), 404)
