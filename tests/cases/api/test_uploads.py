"""Bad input through the API: a clear 4xx that names the field, and nothing half-stored."""

import io
import struct
import zlib

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.test import RequestFactory
from PIL import Image

from cases.api.views.cases import Images
from cases.models import Case, LesionImage
from tests.cases.api.test_problems import check
from tests.drawings import dark_jpeg, jpeg
from tests.factories import CaseFactory, LesionFactory, LesionImageFactory


def huge_png():
    """A header that promises 65535 × 65535 pixels."""
    header = b"IHDR" + struct.pack(">IIBBBBB", 65535, 65535, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header)) + bytes(64)


def huge_jpeg():
    """A real JPEG whose frame header was changed to 65535 × 65535."""
    data = bytearray(jpeg())
    place = data.index(b"\xff\xc0") + 5
    data[place : place + 4] = b"\xff\xff\xff\xff"
    return bytes(data)


def animated_gif():
    buffer = io.BytesIO()
    frames = [Image.new("RGB", (200, 200), colour) for colour in ("red", "blue")]
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    return buffer.getvalue()


BAD_FILES = {
    "text renamed": b"patient,diagnosis\n1,nv\n" * 100,
    "cut off": jpeg()[: len(jpeg()) // 2],
    "lying PNG header": huge_png(),
    "lying JPEG header": huge_jpeg(),
    "empty": b"",
    "moving": animated_gif(),
    "script": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
}


@pytest.mark.parametrize("name", sorted(BAD_FILES))
def test_a_file_that_is_no_picture(name, north, upload, draft, rows_and_files):
    before = rows_and_files()
    problem = check(upload(north.staff, draft, draft.lesion, BAD_FILES[name]), 422)
    assert list(problem["errors"]) == ["file"]
    assert rows_and_files() == before


@pytest.mark.parametrize("name", ["text renamed", "cut off"])
def test_a_bad_file_with_a_key_leaves_nothing_either(name, north, upload, draft, rows_and_files):
    before = rows_and_files()
    check(upload(north.staff, draft, draft.lesion, BAD_FILES[name], headers={"Idempotency-Key": "k"}), 422)
    assert rows_and_files() == before


@pytest.mark.parametrize("size", [20_000_001, 21_000_000], ids=["just over", "far over"])
def test_a_file_beyond_20_mb_is_413(size, north, upload, draft, rows_and_files):
    before = rows_and_files()
    problem = check(upload(north.staff, draft, draft.lesion, bytes(size)), 413)
    assert list(problem["errors"]) == ["file"]
    assert rows_and_files() == before


@pytest.mark.parametrize(("size", "status"), [(1_000_000, 401), (30_000_000, 413)])
def test_a_refusal_waits_until_everything_was_sent(size, status, draft):
    """Answered earlier, a client that is still sending sees a broken connection and not the answer."""
    body = io.BytesIO(bytes(size))
    request = RequestFactory().post("/", content_type="multipart/form-data; boundary=b")
    request = WSGIRequest({**request.environ, "wsgi.input": body, "CONTENT_LENGTH": str(size)})
    assert Images.as_view()(request, case=draft.pk).status_code == status
    assert body.tell() == size


@pytest.mark.parametrize("field", ["file", "lesion", "image_type"])
def test_a_missing_field(field, north, api, draft, rows_and_files):
    form = {"file": io.BytesIO(jpeg()), "lesion": str(draft.lesion.pk), "image_type": "dermoscopic"}
    del form[field]
    before = rows_and_files()
    answer = api(north.staff).post(f"/api/v1/cases/{draft.pk}/images/", form, format="multipart")
    assert list(check(answer, 400)["errors"]) == [field]
    assert rows_and_files() == before


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"image_type": "selfie"}, (400, ["image_type"])),
        ({"dermoscopic_type": "polarised"}, (400, ["dermoscopic_type"])),
        ({"image_type": "clinical: close-up", "dermoscopic_type": "contact polarized"}, (422, ["dermoscopic_type"])),
        ({"captured_at": "yesterday"}, (400, ["captured_at"])),
        ({"captured_at": "2999-01-01T00:00:00Z"}, (422, ["captured_at"])),
        ({"file": "a name, not a file"}, (400, ["file"])),
    ],
)
def test_a_wrong_field(fields, refusal, upload, draft, rows_and_files):
    before = rows_and_files()
    answer = upload(draft.created_by, draft, draft.lesion, **fields)
    assert (answer.status_code, list(answer.json()["errors"])) == refusal
    assert rows_and_files() == before


def test_a_lesion_of_another_clinic_and_of_another_patient(north, south, upload, draft, rows_and_files):
    strange = LesionFactory(patient__clinic=south.clinic)
    other = LesionFactory(patient__clinic=north.clinic)
    before = rows_and_files()
    assert list(check(upload(north.staff, draft, strange), 400)["errors"]) == ["lesion"]
    assert list(check(upload(north.staff, draft, other), 422)["errors"]) == ["lesion"]
    assert list(check(upload(north.staff, draft, "7"), 400)["errors"]) == ["lesion"]
    assert rows_and_files() == before


def test_a_case_of_another_clinic(north, south, upload, rows_and_files):
    case = CaseFactory(patient__clinic=south.clinic)
    lesion = LesionFactory(patient=case.patient)
    before = rows_and_files()
    check(upload(north.staff, case, lesion), 404)
    assert rows_and_files() == before


def test_a_submitted_case_takes_no_more(north, upload, rows_and_files):
    case = LesionImageFactory(case__patient__clinic=north.clinic, case__submitted=True).case
    before = rows_and_files()
    problem = check(upload(north.staff, case, LesionFactory(patient=case.patient), jpeg(9)), 409)
    assert problem["current"] == "submitted"
    assert rows_and_files() != before  # the lesion alone
    assert LesionImage.objects.count() == 1


def test_json_instead_of_a_form_is_415(north, api, draft):
    check(api(north.staff).post(f"/api/v1/cases/{draft.pk}/images/", {}), 415)


def test_a_case_without_an_image_is_not_submitted(north, api, draft):
    problem = check(api(north.staff).post(f"/api/v1/cases/{draft.pk}/submit/"), 422)
    assert list(problem["errors"]) == ["images"]
    assert Case.objects.get(pk=draft.pk).state == "draft"


def test_a_recognisable_person_is_said_with_the_picture(north, upload, draft):
    assert upload(north.staff, draft, draft.lesion, jpeg(1)).json()["recognisable"] is False
    assert upload(north.staff, draft, draft.lesion, jpeg(2), recognisable="true").json()["recognisable"] is True


def test_what_was_done_to_an_image_is_said_with_it(north, upload, draft):
    for number, said in enumerate(("synthetic", "altered", "")):
        shown = upload(north.staff, draft, draft.lesion, jpeg(number), image_manipulation=said).json()
        assert shown["image_manipulation"] == (said or None)


def test_what_is_left_out_near_the_face_is_no_no(north, upload, draft):
    face = LesionFactory(patient=draft.patient, site="face")
    assert list(check(upload(north.staff, draft, face, jpeg(1)), 422)["errors"]) == ["recognisable"]
    assert upload(north.staff, draft, face, jpeg(1), recognisable="false").json()["recognisable"] is False


def test_the_quality_is_told_with_the_picture_and_it_can_be_used_anyway(north, upload, api, draft, active_model):
    image = upload(north.staff, draft, draft.lesion, dark_jpeg()).json()
    assert image["quality"]["verdict"] == "rejected"
    assert "under_exposed" in image["quality"]["reasons"]
    assert image["quality"]["accepted_at"] is None
    where = f"/api/v1/images/{image['id']}/accept/"
    assert api(north.staff).post(where).json()["quality"]["accepted_at"]
    good = upload(north.staff, draft, draft.lesion, jpeg(4)).json()
    assert good["quality"]["verdict"] == "passed"
    check(api(north.staff).post(f"/api/v1/images/{good['id']}/accept/"), 409)


def test_the_same_bytes_twice_are_one_image(north, upload, draft, rows_and_files):
    first = upload(north.staff, draft, draft.lesion)
    before = rows_and_files()
    assert upload(north.staff, draft, draft.lesion).json() == first.json()
    assert rows_and_files() == before


def test_no_name_and_no_place_of_the_picture_survives(north, upload, api, draft):
    exif = Image.Exif()
    exif[0x010F], exif[0x8298] = "CANARY-MAKER", "CANARY-PERSON"
    buffer = io.BytesIO()
    Image.open(io.BytesIO(jpeg())).save(buffer, "JPEG", exif=exif)
    image = upload(north.staff, draft, draft.lesion, buffer.getvalue()).json()
    answer = api(north.dermatologist).get(image["url"])
    stored = b"".join(answer)
    assert b"CANARY" in buffer.getvalue()
    assert b"CANARY" not in stored
    assert "IMG_0001" not in str(image) + str(answer.headers)


@pytest.mark.parametrize("headers", [None, {"Idempotency-Key": "k"}], ids=["plain", "with a key"])
def test_a_picture_of_another_patient_is_a_conflict_until_a_reason_is_given(
    headers, north, upload, draft, rows_and_files
):
    known = LesionImageFactory(case__patient__clinic=north.clinic, seed=0).case
    before = rows_and_files()
    problem = check(upload(north.staff, draft, draft.lesion, headers=headers), 409)
    assert problem["type"] == "urn:skinclinic:problem:image-of-another-patient"
    assert problem["existing"] == {"id": str(known.pk), "url": f"http://testserver/api/v1/cases/{known.pk}/"}
    assert known.patient.pseudonym in problem["detail"]
    assert list(problem["errors"]) == ["override_reason"]
    assert rows_and_files() == before
    answer = upload(north.staff, draft, draft.lesion, headers=headers, override_reason="Typed under two numbers.")
    assert answer.status_code == 201
    assert answer.json()["override_reason"] == "Typed under two numbers."
    check(upload(north.staff, draft, draft.lesion, jpeg(3), override_reason="no"), 422)


def test_a_picture_of_another_clinic_is_no_matter_and_stays_unknown(south, north, upload, draft):
    LesionImageFactory(case__patient__clinic=south.clinic, seed=0)
    assert upload(north.staff, draft, draft.lesion).status_code == 201
