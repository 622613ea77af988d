"""What the intake page sends in parts, and what it is answered: by htmx, in place."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from cases.models import LesionImage, Upload
from cases.pictures import sha256
from tests.drawings import jpeg
from tests.factories import CaseFactory, LesionFactory, LesionImageFactory

pytestmark = pytest.mark.django_db

FILE = jpeg(1)
HALF = len(FILE) // 2
AS_HTMX = {"HX-Request": "true"}
OCTETS = "application/offset+octet-stream"


@pytest.fixture
def lesion(north):
    return LesionFactory(patient__clinic=north.clinic)


@pytest.fixture
def draft(lesion):
    return CaseFactory(patient=lesion.patient)


class Page:
    """The intake page of one draft, as its script uses the server."""

    def __init__(self, client, draft, lesion):
        self.client, self.draft, self.lesion = client, draft, lesion

    def start(self, data=FILE, **changes):
        form = {"lesion": self.lesion.pk, "image_type": "dermoscopic", "byte_size": len(data), "sha256": sha256(data)}
        where = reverse("cases:start_upload", args=[self.draft.pk])
        return self.client.post(where, {**form, **changes}, headers=AS_HTMX)

    def part(self, url, offset, data):
        headers = {**AS_HTMX, "Upload-Offset": str(offset)}
        return self.client.generic("PATCH", url, data, content_type=OCTETS, headers=headers)

    def complete(self, url):
        return self.client.post(f"{url}complete/", headers=AS_HTMX)

    def deliver(self, data=FILE, **changes):
        started = self.start(data, **changes)
        if started.status_code != 200:
            return started
        self.part(started.json()["url"], started.json()["offset"], data)
        return self.complete(started.json()["url"])

    def shown(self):
        return self.client.get(reverse("cases:intake", args=[self.draft.pk])).content.decode()


@pytest.fixture
def page(north, client_for, draft, lesion):
    return Page(client_for(north.staff), draft, lesion)


def test_in_two_parts_it_is_answered_with_its_row_and_the_new_checklist(page, draft):
    started = page.start().json()
    assert started["offset"] == 0
    first = page.part(started["url"], 0, FILE[:HALF])
    assert (first.status_code, first["Upload-Offset"]) == (204, str(HALF))
    second = page.part(started["url"], HALF, FILE[HALF:])
    assert second["Upload-Offset"] == str(len(FILE))
    piece = page.complete(started["url"]).content.decode()
    assert f'<li class="shot" id="image-{draft.images.get().pk}"' in piece
    assert re.search(r'id="checklist"[^>]*hx-swap-oob="true"', piece)
    assert "1 image" in piece
    assert "already in this case" not in piece


def test_begun_again_it_says_where_to_go_on_and_so_does_a_wrong_offset(page):
    url = page.start().json()["url"]
    page.part(url, 0, FILE[:HALF])
    assert page.start().json() == {"offset": HALF, "url": url}
    again = page.part(url, 0, FILE[:HALF])
    assert (again.status_code, again["Upload-Offset"]) == (409, str(HALF))


@pytest.mark.parametrize("offset", ["", "-1", "half", "1e3", "9" * 5000])
def test_an_offset_that_is_none_is_refused_in_words(page, offset):
    answer = page.part(page.start().json()["url"], offset, FILE)
    assert answer.status_code == 422
    assert "header" in answer.content.decode()
    assert Upload.objects.get().offset == 0


def test_the_page_says_which_upload_broke_off_and_what_to_do(page, draft):
    page.part(page.start().json()["url"], 0, FILE[:HALF])
    shown = page.shown()
    assert f'data-upload="{sha256(FILE)}"' in shown
    assert "Upload not finished" in shown
    assert f"{100 * HALF // len(FILE)} % of" in shown
    assert "Choose the same file again, and it goes on from there." in shown
    assert re.search(r'<a href="#step-images">1 upload is not finished', shown)
    page.part(page.start().json()["url"], HALF, FILE[HALF:])
    page.complete(page.start().json()["url"])
    assert "not finished" not in page.shown()


@pytest.mark.parametrize("headers", [{}, AS_HTMX], ids=["page", "piece"])
def test_it_can_be_discarded(page, headers):
    url = page.start().json()["url"]
    answer = page.client.post(f"{url}discard/", headers=headers)
    assert answer.status_code == (200 if headers else 302)
    assert not Upload.objects.exists()
    assert "not finished" not in page.shown()


def test_the_same_file_twice_is_one_image_and_that_is_said(page, draft):
    first, again = (page.deliver().content.decode() for _ in range(2))
    row = re.compile(r'id="(image-[^"]+)"')
    assert row.search(first)[1] == row.search(again)[1]
    assert draft.images.count() == 1
    assert "This image is already in this case." in again


@pytest.mark.parametrize(
    ("data", "changes", "words"),
    [
        (b"hello", {}, "not a picture"),
        (FILE, {"byte_size": 20_000_001}, "20 MB"),
        (FILE, {"byte_size": ""}, "required"),
        (FILE, {"image_type": "x-ray"}, "x-ray"),
    ],
    ids=["no picture", "too large", "no length", "no such kind"],
)
def test_what_is_refused_is_told_in_one_sentence_in_place(page, data, changes, words):
    answer = page.deliver(data, **changes)
    piece = answer.content.decode()
    assert answer.status_code == 422
    assert 'class="invalid-feedback"' in piece
    assert words in piece
    assert "<html" not in piece
    assert (LesionImage.objects.count(), Upload.objects.count()) == (0, 0)


def test_the_file_of_another_patient_is_answered_with_where_it_is_and_a_question(page, draft, north):
    known = LesionImageFactory(case__patient__clinic=north.clinic, seed=1).case
    answer = page.deliver()
    piece = answer.content.decode()
    assert answer.status_code == 409
    assert known.patient.pseudonym in piece
    assert reverse("cases:case", args=[known.pk]) in piece
    assert 'name="override_reason"' in piece
    assert not Upload.objects.exists()
    assert "Sent twice." in page.deliver(override_reason="Sent twice.").content.decode()
    assert draft.images.get().override_reason == "Sent twice."


def test_another_patients_lesion_is_refused_and_another_clinics_does_not_exist(page, north):
    neighbour = LesionFactory(patient__clinic=north.clinic)
    assert "another patient" in page.start(lesion=neighbour.pk).content.decode()
    assert page.start(lesion=LesionFactory().pk).status_code == 404


def test_without_its_token_nothing_is_begun_and_no_part_is_kept(north, page, draft, lesion):
    url = page.start().json()["url"]
    stranger = Page(Client(enforce_csrf_checks=True), draft, lesion)
    stranger.client.force_login(north.staff)
    assert stranger.start(jpeg(2)).status_code == 403
    assert stranger.part(url, 0, FILE).status_code == 403
    assert Upload.objects.get().offset == 0


def test_a_lost_session_is_told_to_the_script(page, client):
    url = page.start().json()["url"]
    client.logout()
    assert page.part(url, 0, FILE)["HX-Redirect"].startswith("/accounts/login/?next=")
