"""On no page are the bytes of a veiled image asked for before its reader did."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from cases.models import AuditEvent
from tests.factories import (
    AnalysisFactory,
    CaseFactory,
    ExplanationFactory,
    ExplanationRequestFactory,
    LesionImageFactory,
    PredictionFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def image(north):
    """Analysed and explained, in a case that waits to be read."""
    case = CaseFactory(patient__clinic=north.clinic, ready=True, tier="urgent", malignancy=0.7, flagged=True)
    image = LesionImageFactory(case=case, lesion__site="genital")
    analysis = AnalysisFactory(image=image, succeeded=True)
    PredictionFactory(analysis=analysis)
    ExplanationFactory(analysis=analysis)
    image.slow = ExplanationRequestFactory(analysis=analysis, done=True)
    image.analysis = analysis
    return image


def addresses(image):
    """Everything that shows the image or a part of it."""
    return [
        reverse("cases:picture", args=[image.pk]),
        reverse("cases:thumbnail", args=[image.pk]),
        reverse("cases:heat", args=[image.analysis.pk]),
        reverse("cases:explanation_overlay", args=[image.slow.pk]),
    ]


def statuses(client, image):
    answers = [client.get(address) for address in addresses(image)]
    for answer in answers:
        _ = answer.getvalue()  # which closes the file
    return [answer.status_code for answer in answers]


def asked_for(page, image):
    return [address for address in addresses(image) if address in page.content.decode()]


def reveal(client, image, **headers):
    return client.post(reverse("cases:reveal", args=[image.pk]), {"part": "viewer"}, headers=headers)


def test_no_bytes_before_the_question_and_all_after_it(client_for, north, image):
    client = client_for(north.dermatologist)
    assert statuses(client, image) == [403] * 4
    assert reveal(client, image).status_code == 302
    assert statuses(client, image) == [200] * 4


def test_a_refusal_says_what_to_do(client_for, north, image):
    answer = client_for(north.dermatologist).get(addresses(image)[0])
    assert "Ask to show it first; showing is recorded." in answer.content.decode()


@pytest.mark.parametrize("name", ["home", "worklist", "reading", "patient"])
def test_no_page_asks_for_them(client_for, north, image, name):
    args = {"reading": [image.case_id], "patient": [image.case.patient_id]}.get(name, [])
    page = client_for(north.dermatologist).get(reverse(f"cases:{name}", args=args))
    assert page.status_code == 200
    assert asked_for(page, image) == []
    assert re.search("veiled", page.content.decode(), re.IGNORECASE)


@pytest.mark.parametrize("name", ["case", "progress"])
def test_nor_does_the_way_of_a_case(client_for, north, image, name):
    page = client_for(north.staff).get(reverse(f"cases:{name}", args=[image.case_id]))
    assert asked_for(page, image) == []
    assert "Veiled: genital area. Showing it is recorded" in page.content.decode()


def test_nor_does_the_intake(client_for, north):
    image = LesionImageFactory(case__patient__clinic=north.clinic, recognisable=True)
    page = client_for(north.staff).get(reverse("cases:intake", args=[image.case_id]))
    assert reverse("cases:thumbnail", args=[image.pk]) not in page.content.decode()
    assert "Veiled: recognisable person" in page.content.decode()


def test_the_reading_room_says_why_and_how(client_for, north, image):
    page = client_for(north.dermatologist).get(reverse("cases:reading", args=[image.case_id])).content.decode()
    assert "Show image: genital area" in page
    assert "are veiled again when you leave this case, after 15 minutes at the latest." in page


def test_shown_it_comes_with_its_heat_and_its_explanation(client_for, north, image):
    client = client_for(north.dermatologist)
    piece = reveal(client, image, hx_request="true")
    picture, _, heat, overlay = addresses(image)
    assert asked_for(piece, image) == [picture, heat, overlay]
    assert "autofocus" in piece.content.decode()
    page = client.get(reverse("cases:reading", args=[image.case_id]))
    assert asked_for(page, image) == [picture, heat, overlay]


def test_everything_that_was_shown_has_its_veil_beside_it(client_for, north, image):
    """For when the time is over while the page stands open: viewer, small picture and explanation."""
    LesionImageFactory(case=image.case, lesion=image.lesion)
    client = client_for(north.dermatologist)
    reveal(client, image)
    page = client.get(reverse("cases:reading", args=[image.case_id]) + f"?image={image.pk}").content.decode()
    assert page.count("data-veil-after") == page.count("<template>") == 3


def test_a_small_picture_is_shown_in_its_place(client_for, north, image):
    client = client_for(north.staff)
    piece = client.post(reverse("cases:reveal", args=[image.pk]), headers={"hx_request": "true"})
    assert asked_for(piece, image) == [addresses(image)[1]]


def test_without_scripts_the_reader_comes_back_to_the_page(client_for, north, image):
    client, here = client_for(north.dermatologist), f"/cases/{image.case_id}/reading/?image={image.pk}"
    answer = reveal(client, image, referer=f"http://testserver{here}")
    assert answer["Location"] == f"http://testserver{here}"
    for page in ("https://elsewhere.test/", f"http://testserver/patients/{image.case.patient_id}/"):
        assert reveal(client, image, referer=page)["Location"] == f"/cases/{image.case_id}/"


def test_another_reader_still_sees_the_veil(client, north, image):
    client.force_login(north.dermatologist)
    reveal(client, image)
    client.force_login(UserFactory(clinic=north.clinic, role="dermatologist"))
    assert statuses(client, image) == [403] * 4
    assert asked_for(client.get(reverse("cases:reading", args=[image.case_id])), image) == []
    assert AuditEvent.objects.filter(action="image_revealed").count() == 1


PAGES = [
    *("home", "worklist", "patients", "patient", "another case", "new_case", "models", "usability", "audit"),
    *("correct_patient", "register_patient", "account_change_password"),
]


@pytest.mark.parametrize("name", PAGES)
def test_leaving_the_case_veils_it_again(client_for, north, image, name):
    client = client_for(north.dermatologist)
    reveal(client, image)
    other = CaseFactory(patient__clinic=north.clinic, ready=True)
    args = {"patient": [image.case.patient_id], "correct_patient": [image.case.patient_id], "another case": [other.pk]}
    page = (
        "account_change_password" if name.startswith("account") else f"cases:{name.replace('another case', 'reading')}"
    )
    client.get(reverse(page, args=args.get(name, [])))
    assert statuses(client, image) == [403] * 4


@pytest.mark.parametrize(
    "headers",
    [{"hx_request": "true"}, {"sec_fetch_dest": "image"}, {"sec_fetch_dest": "empty"}, {"accept": "image/avif,*/*"}],
    ids=lambda headers: "".join(headers.values()),
)
def test_what_is_no_page_leaves_nothing(client_for, north, image, headers):
    client = client_for(north.dermatologist)
    reveal(client, image)
    client.get(reverse("cases:worklist"), headers=headers)
    assert statuses(client, image) == [200] * 4


def test_one_browser_shows_nothing_in_another_and_leaves_nothing_there(client_for, north, image):
    client, another = client_for(north.dermatologist), Client()
    another.force_login(north.dermatologist)
    reveal(client, image)
    assert statuses(another, image) == [403] * 4
    another.get(reverse("cases:home"))
    assert statuses(client, image) == [200] * 4


def test_a_program_shows_nothing_in_the_browser(client_for, api, north, image):
    assert api(north.dermatologist).post(f"/api/v1/images/{image.pk}/reveal/").status_code == 200
    assert statuses(client_for(north.dermatologist), image) == [403] * 4


def test_claiming_and_a_refused_signature_do_not(client_for, north, image):
    client = client_for(north.dermatologist)
    reveal(client, image)
    client.post(reverse("cases:claim", args=[image.case_id]), follow=True)
    assert client.post(reverse("cases:sign", args=[image.case_id]), {"decision": "confirm"}).status_code == 422
    assert statuses(client, image) == [200] * 4


def test_signing_out_veils_it_again(client, north, image):
    client.force_login(north.dermatologist)
    reveal(client, image)
    client.logout()
    client.force_login(north.dermatologist)
    assert statuses(client, image) == [403] * 4


def test_a_strangers_image_is_not_there(client_for, south, image):
    assert reveal(client_for(south.dermatologist), image).status_code == 404


def test_it_is_shown_by_post_only(client_for, north, image):
    assert client_for(north.dermatologist).get(reverse("cases:reveal", args=[image.pk])).status_code == 405


def test_whoever_sees_a_face_on_the_page_of_its_case_veils_it(client_for, north):
    image = LesionImageFactory(case=CaseFactory(patient__clinic=north.clinic, ready=True))
    client, page = client_for(north.staff), reverse("cases:case", args=[image.case_id])
    mark = reverse("cases:mark_image", args=[image.pk])
    assert mark in client.get(page).content.decode()
    veiled = client.post(mark, {"recognisable": "yes"}, follow=True).content.decode()
    assert "The image is veiled. That was recorded." in veiled
    assert asked_for_thumbnail(image) not in veiled
    refused = client.post(mark, {"recognisable": "no", "reason": "Only an ear."}, follow=True).content.decode()
    assert "Show the image first" in refused


def asked_for_thumbnail(image):
    return reverse("cases:thumbnail", args=[image.pk])
