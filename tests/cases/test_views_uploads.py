"""Images of a draft by a form, each file with its own answer; and what can be put right about them."""

import io
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from cases.models import AuditEvent, LesionImage
from cases.storage import private_storage
from tests.drawings import jpeg
from tests.factories import AnalysisFactory, CaseFactory, LesionFactory, LesionImageFactory, QualityCheckFactory

pytestmark = pytest.mark.django_db

DERMOSCOPIC = {"image_type": "dermoscopic", "dermoscopic_type": "contact polarized"}
AS_HTMX = {"HX-Request": "true"}


@pytest.fixture
def staff(north, client_for):
    return client_for(north.staff)


@pytest.fixture
def lesion(north):
    return LesionFactory(patient__clinic=north.clinic)


@pytest.fixture
def draft(lesion):
    return CaseFactory(patient=lesion.patient)


def file(content, name="photo.jpg"):
    return SimpleUploadedFile(name, content, content_type="image/jpeg")


def send(client, case, lesion, *files, **kind):
    form = {**DERMOSCOPIC, **kind, "lesion": lesion.pk, "files": files}
    return client.post(reverse("cases:upload", args=[case.pk]), form)


def stored(image):
    return [private_storage().exists(image.file.name), private_storage().exists(image.thumbnail.name)]


def test_several_files_at_once_without_javascript(staff, draft, lesion):
    answer = send(staff, draft, lesion, file(jpeg(1)), file(jpeg(2)))
    assert answer["Location"] == f"{reverse('cases:intake', args=[draft.pk])}?lesion={lesion.pk}#step-images"
    assert {(image.lesion, image.dermoscopic_type) for image in draft.images.all()} == {(lesion, "contact polarized")}
    assert draft.images.count() == 2


def test_one_bad_file_never_costs_the_others_and_is_named(staff, draft, lesion):
    answer = send(staff, draft, lesion, file(jpeg(1)), file(b"hello", "letter.jpg"), file(b"", "empty.jpg"))
    refused = re.findall(r'shot-refused.*?<b>(.*?)</b><p class="invalid-feedback">(.+?)</p>', answer.content.decode())
    assert answer.status_code == 422
    assert [name for name, _ in refused] == ["letter.jpg", "empty.jpg"]
    assert "not a picture" in refused[0][1]
    assert draft.images.count() == 1


def test_a_file_that_is_too_large_is_refused_by_its_size(staff, draft, lesion, settings):
    settings.UPLOAD_MAX_BYTES = 1000
    answer = send(staff, draft, lesion, file(jpeg(1)))
    assert "are accepted" in answer.content.decode()
    assert not LesionImage.objects.exists()


def test_a_body_that_is_too_long_is_refused_before_any_of_it_is_kept(staff, draft, lesion, settings):
    settings.UPLOAD_MAX_BYTES = 10_000
    before = AuditEvent.objects.count()
    body = io.BytesIO(b"x" * 200_000)  # no form at all: whoever tried to read it as one would say so
    answer = staff.generic(
        "POST",
        reverse("cases:upload", args=[draft.pk]),
        content_type="multipart/form-data; boundary=b",
        **{"wsgi.input": body, "CONTENT_LENGTH": "200000"},
    )
    assert answer.status_code == 413
    assert "too much at once" in answer.content.decode().lower()
    assert body.read() == b""
    assert AuditEvent.objects.count() == before


def test_an_upload_without_its_token_is_refused(north, draft, lesion, settings):
    client = Client(enforce_csrf_checks=True)
    client.force_login(north.staff)
    assert send(client, draft, lesion, file(jpeg(1))).status_code == 403
    assert not LesionImage.objects.exists()
    client.get(reverse("cases:intake", args=[draft.pk]))
    token = client.cookies[settings.CSRF_COOKIE_NAME].value
    assert send(client, draft, lesion, file(jpeg(1)), csrfmiddlewaretoken=token).status_code == 302


def test_the_same_file_twice_is_one_image_and_that_is_said(staff, draft, lesion):
    send(staff, draft, lesion, file(jpeg(1)))
    answer = send(staff, draft, lesion, file(jpeg(1)), file(jpeg(2)))
    page = staff.get(answer["Location"]).content.decode()
    assert "This image is already in this case." in page
    assert page.count("1 image added.") == 2  # one for each time
    assert draft.images.count() == 2


def test_the_same_file_for_another_lesion_is_refused_in_words(staff, draft, lesion):
    send(staff, draft, lesion, file(jpeg(1)))
    other = LesionFactory(patient=draft.patient)
    answer = send(staff, draft, other, file(jpeg(1)))
    assert answer.status_code == 422
    assert "another lesion" in answer.content.decode()


def test_another_patients_lesion_is_refused_and_another_clinics_does_not_exist(staff, north, draft):
    neighbour = LesionFactory(patient__clinic=north.clinic)
    answer = send(staff, draft, neighbour, file(jpeg(1)))
    assert "another patient" in answer.content.decode()
    assert send(staff, draft, LesionFactory(), file(jpeg(1))).status_code == 404


def test_an_overview_has_no_dermoscopic_type_whatever_the_form_says(staff, draft, lesion):
    send(staff, draft, lesion, file(jpeg(1)), image_type="clinical: overview")
    assert draft.images.get().dermoscopic_type == ""


def test_the_name_of_the_file_is_kept_nowhere(staff, draft, lesion):
    send(staff, draft, lesion, file(jpeg(1), "Halvorsen-Ingrid.jpg"))
    kept = LesionImage.objects.values().get()
    assert "Halvorsen" not in str(kept)
    assert "Halvorsen" not in staff.get(reverse("cases:intake", args=[draft.pk])).content.decode()


def test_the_kind_of_an_image_can_be_corrected(staff, draft, lesion):
    image = LesionImageFactory(case=draft, lesion=lesion)
    where = reverse("cases:describe_image", args=[image.pk])
    piece = staff.post(where, {"image_type": "clinical: close-up"}, headers=AS_HTMX).content.decode()
    image.refresh_from_db()
    assert image.image_type == "clinical: close-up"
    assert "No dermoscopic image of" in piece
    assert staff.post(where, DERMOSCOPIC).status_code == 302
    image.refresh_from_db()
    assert image.dermoscopic_type == "contact polarized"


def test_what_was_done_to_an_image_is_said_with_it_corrected_and_told(staff, draft, lesion):
    send(staff, draft, lesion, file(jpeg(1)))
    assert draft.images.get().image_manipulation == ""
    send(staff, draft, lesion, file(jpeg(2)), image_manipulation="synthetic")
    image = draft.images.get(image_manipulation="synthetic")
    (sent,) = AuditEvent.objects.about(image.pk).filter(action="image_attached")
    assert sent.payload["image_manipulation"] == "synthetic"
    where = reverse("cases:describe_image", args=[image.pk])
    piece = staff.post(where, DERMOSCOPIC, headers=AS_HTMX).content.decode()  # nothing said of it: the mark stays
    assert '<option value="synthetic" selected>Generated</option>' in piece
    assert '<span class="made">generated</span>' in piece
    for said in ("altered", ""):
        staff.post(where, {**DERMOSCOPIC, "image_manipulation": said})
        assert draft.images.get(pk=image.pk).image_manipulation == said
    told = [
        event.payload for event in AuditEvent.objects.about(image.pk).filter(action="image_described").order_by("seq")
    ]
    marks = [(each["image_manipulation"], each.get("image_manipulation_before")) for each in told]
    assert marks == [("synthetic", None), ("altered", "synthetic"), ("", "altered")]
    refused = staff.post(where, {**DERMOSCOPIC, "image_manipulation": "painted"}, headers=AS_HTMX)
    assert refused.status_code == 422
    assert draft.images.get(pk=image.pk).image_manipulation == ""


def test_near_the_face_the_page_asks_and_takes_nothing_without_an_answer(staff, draft, lesion):
    asked = "Can a person be recognised in the images?"
    assert asked not in staff.get(reverse("cases:intake", args=[draft.pk])).content.decode()
    face = LesionFactory(patient=draft.patient, site="face")
    page = staff.get(reverse("cases:intake", args=[draft.pk]), {"lesion": face.pk}).content.decode()
    assert asked in page
    assert not re.search(r'name="recognisable"[^>]*checked', page)
    assert "Say whether a person can be recognised" in send(staff, draft, face, file(jpeg(1))).content.decode()
    assert send(staff, draft, face, file(jpeg(1)), recognisable="no").status_code == 302
    assert not draft.images.get().recognisable


def test_that_a_person_can_be_recognised_is_said_and_taken_back(staff, draft, lesion):
    send(staff, draft, lesion, file(jpeg(1)), recognisable="yes")
    image = draft.images.get()
    assert image.recognisable
    row = staff.get(reverse("cases:intake", args=[draft.pk])).content.decode()
    assert f'id="recognisable-{image.pk}" name="recognisable" checked' in row
    describe = reverse("cases:describe_image", args=[image.pk])
    unseen = staff.post(describe, DERMOSCOPIC, headers=AS_HTMX)
    assert unseen.status_code == 422
    assert "Show the image first" in unseen.content.decode()
    assert 'name="recognisable" checked' in unseen.content.decode()
    assert "Show the image first" in staff.post(describe, DERMOSCOPIC, follow=True).content.decode()
    assert draft.images.get().recognisable
    staff.post(reverse("cases:reveal", args=[image.pk]))
    staff.post(describe, DERMOSCOPIC)
    image.refresh_from_db()
    assert not image.recognisable
    assert AuditEvent.objects.get(action="image_described").payload["recognisable"] is False


@pytest.mark.parametrize("headers", [{}, AS_HTMX], ids=["page", "piece"])
def test_a_refused_picture_says_what_to_do_and_can_be_used_anyway(staff, draft, lesion, headers):
    image = LesionImageFactory(case=draft, lesion=lesion)
    QualityCheckFactory(image=image, verdict="rejected", reasons=["blur", "glare"])
    page = staff.get(reverse("cases:intake", args=[draft.pk])).content.decode()
    assert "Out of focus, glare on the skin." in page
    assert "hold still" in page
    assert "Image of L1: out of focus, glare on the skin. Take it again, or use it anyway" in page
    answer = staff.post(reverse("cases:accept_image", args=[image.pk]), headers=headers)
    if not headers:
        answer = staff.get(answer["Location"])
    assert "Used anyway: the network does not judge it" in answer.content.decode()
    assert "Take it again" not in answer.content.decode()


def test_a_removed_image_leaves_no_row_and_no_file_but_its_trace(
    staff, draft, lesion, django_capture_on_commit_callbacks
):
    image = LesionImageFactory(case=draft, lesion=lesion)
    assert stored(image) == [True, True]
    with django_capture_on_commit_callbacks(execute=True):
        staff.post(reverse("cases:remove_image", args=[image.pk]))
    assert not LesionImage.objects.exists()
    assert stored(image) == [False, False]
    trace = AuditEvent.objects.get(action="image_removed")
    assert (trace.object_id, trace.payload["sha256"]) == (str(image.pk), image.stored_sha256)


@pytest.mark.parametrize("name", ["describe_image", "remove_image"])
def test_an_image_that_was_submitted_stays_as_it_is(staff, north, name):
    image = LesionImageFactory(case=CaseFactory(submitted=True, patient__clinic=north.clinic))
    answer = staff.post(reverse(f"cases:{name}", args=[image.pk]), {"image_type": "clinical: overview"})
    assert answer.status_code == 409
    image.refresh_from_db()
    assert image.image_type == "dermoscopic"


def test_an_image_that_was_analysed_stays_even_when_more_are_asked_for(staff, north):
    image = LesionImageFactory(case=CaseFactory(awaiting_images=True, patient__clinic=north.clinic))
    AnalysisFactory(abstained=True, image=image)
    answer = staff.post(reverse("cases:remove_image", args=[image.pk]))
    assert answer.status_code == 409
    assert "was analysed and stays" in answer.content.decode()


@pytest.fixture
def known(north, lesion):
    """A picture that another patient has, and the case where it is."""
    return LesionImageFactory(case__patient__clinic=north.clinic, seed=1).case


def test_with_a_reason_it_is_filed_and_the_row_says_so(staff, draft, lesion, known):
    send(staff, draft, lesion, file(jpeg(1)))
    send(staff, draft, lesion, file(jpeg(1)), override_reason="Typed <twice>.")
    page = staff.get(reverse("cases:intake", args=[draft.pk])).content.decode()
    assert "Another patient has this picture too." in page
    assert "Typed &lt;twice&gt;." in page
    assert draft.images.get().override_reason == "Typed <twice>."


def test_without_javascript_the_form_asks_for_the_reason(staff, draft, lesion, known):
    assert 'name="override_reason"' not in staff.get(reverse("cases:intake", args=[draft.pk])).content.decode()
    page = send(staff, draft, lesion, file(jpeg(1), "one.jpg")).content.decode()
    assert re.search(r'<input[^>]*name="override_reason"[^>]*id="id_override_reason"', page)
    assert f"Open {known} of {known.patient.pseudonym}" in page
    assert send(staff, draft, lesion, file(jpeg(1)), override_reason="Typed twice.").status_code == 302
    assert draft.images.count() == 1


def test_one_reason_never_overrides_twins_that_nobody_was_shown(staff, draft, lesion, known):
    LesionImageFactory(case__patient__clinic=known.patient.clinic, seed=2)
    files = [file(jpeg(1)), file(jpeg(2))]
    answer = send(staff, draft, lesion, *files, override_reason="Typed twice.")
    assert answer.status_code == 422
    assert "choose that file alone" in answer.content.decode()
    assert 'value="Typed twice."' in answer.content.decode()
    assert not draft.images.exists()
