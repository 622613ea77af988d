"""Other images: asked for in the reading room, listed at staff's start page, answered at the intake, told everywhere."""

import contextlib
import random
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from cases.errors import DomainError
from cases.forms.worklist import VIEWS, WorklistForm
from cases.models import RetakeRequest
from cases.selectors.home import cases_in
from cases.selectors.queue_numbers import queue_numbers
from cases.selectors.retakes import open_retakes
from cases.selectors.worklist import Worklist
from cases.services import reads, retakes, review, submission
from cases.states import CaseState
from tests.drawings import jpeg
from tests.factories import (
    AnalysisFactory,
    CaseFactory,
    LesionImageFactory,
    PredictionFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(north):
    return CaseFactory(patient__clinic=north.clinic, ready=True, tier="routine", malignancy=0.1)


@pytest.fixture
def image(case):
    image = LesionImageFactory(case=case)
    PredictionFactory(analysis=AnalysisFactory(image=image, succeeded=True), malignancy=0.1)
    return image


@pytest.fixture
def asked(north, case, image):
    return retakes.request_images(
        dermatologist=north.dermatologist, case=case, reason="blur", comment="Closer.", image=image
    )


def at(name, thing):
    return reverse(f"cases:{name}", args=[thing.pk])


def text(answer):
    return answer.content.decode()


# ── asking ───────────────────────────────────────────────────────────────────────────────────────


def test_the_form_stands_with_whoever_may_ask(north, case, image, client_for):
    for person, shown in ((north.dermatologist, True), (north.staff, False), (north.admin, False)):
        assert ('id="retake-form"' in text(client_for(person).get(at("reading", case)))) is shown
    review.claim_case(reader=UserFactory(clinic=north.clinic, role="dermatologist"), case=case)
    assert 'id="retake-form"' not in text(client_for(north.dermatologist).get(at("reading", case)))


def test_no_two_fields_share_an_id(north, case, asked, client_for):
    """A label would lead to the other form's field."""
    held = CaseFactory(patient__clinic=north.clinic, in_review=True, claimed_by=north.dermatologist)
    pages = [
        client_for(north.dermatologist).get(at("reading", held)),
        client_for(north.staff).get(at("intake", case)),
    ]
    for page in pages:
        ids = re.findall(r' id="([^"]+)"', text(page))
        assert len(ids) == len(set(ids)), sorted(each for each in ids if ids.count(each) > 1)


def test_asking_leads_to_the_next_case(north, case, image, client_for):
    following = CaseFactory(patient__clinic=north.clinic, ready=True, flagged=True)
    form = {"reason": "blur", "comment": "Closer.", "image": str(image.pk)}
    answer = client_for(north.dermatologist).post(at("request_images", case), form, follow=True)
    assert answer.redirect_chain[-1][0] == at("reading", following)
    assert f"New image asked for {case.patient.pseudonym}: out of focus." in text(answer)
    request = RetakeRequest.objects.get()
    assert (request.image, request.comment) == (image, "Closer.")


def test_what_is_missing_is_told_in_the_form_which_stays_open(north, case, image, client_for):
    reader = client_for(north.dermatologist)
    answer = reader.post(at("request_images", case), {"reason": "other"})
    assert answer.status_code == 422
    assert "Say what is wrong" in text(answer)
    assert " data-asking>" in text(answer)
    assert reader.post(at("request_images", case), {}).status_code == 422
    assert not RetakeRequest.objects.exists()


def test_a_case_that_a_colleague_took_is_not_asked_about(north, case, image, client_for):
    review.claim_case(reader=UserFactory(clinic=north.clinic, role="dermatologist"), case=case)
    answer = client_for(north.dermatologist).post(at("request_images", case), {"reason": "blur"})
    assert answer.status_code == 409
    assert "Nothing was asked for." in text(answer)


def test_an_awaited_case_tells_who_asked_and_can_be_taken_back(north, case, asked, client_for):
    reader = client_for(north.dermatologist)
    page = text(reader.get(at("reading", case)))
    assert "New image of L1, back, left: out of focus" in page
    assert "“Closer.”" in page
    assert 'id="claim-form"' not in page
    answer = reader.post(at("withdraw_request", case), follow=True)
    assert "The request is taken back" in text(answer)
    assert f"Taken back by {north.dermatologist}" in text(answer)
    again = reader.post(at("withdraw_request", case))
    assert again.status_code == 409


# ── answering ────────────────────────────────────────────────────────────────────────────────────


def test_staff_find_the_request_first_on_their_start_page(north, south, case, asked, client_for):
    page = text(client_for(north.staff).get(reverse("cases:home")))
    assert "1 retake asked" in page
    assert page.index("retake asked") < page.index(">Drafts<")
    for words in (case.patient.pseudonym, "out of focus", "“Closer.”", str(north.dermatologist), at("intake", case)):
        assert words in page
    assert case.patient.family_name not in page
    assert "retake asked" not in text(client_for(south.staff).get(reverse("cases:home")))


def test_each_role_is_led_where_it_can_act(north, case, asked, client_for):
    assert client_for(north.staff).get(at("reading", case), follow=True).redirect_chain[-1][0] == at("intake", case)
    assert client_for(north.dermatologist).get(at("case", case))["Location"] == at("reading", case)
    assert "Staff are asked for a new image" in text(client_for(north.admin).get(at("case", case)))


def test_the_task_shows_the_request_above_the_old_image_beside_the_place_for_the_new(
    north, case, image, asked, client_for
):  # fmt: skip
    page = text(client_for(north.staff).get(at("intake", case)))
    order = [
        "Retake for",
        "out of focus",
        "“Closer.”",
        at("picture", image),
        "To be replaced",
        'name="replaces"',
        'type="file"',
    ]
    places = [page.index(words) for words in order]
    assert places == sorted(places)
    assert at("remove_image", image) not in page
    assert re.search(rf'value="{image.pk}" selected', page)
    assert "disabled" in re.search(r"<button[^>]*>Send the new image", page)[0]


def test_the_new_image_is_sent_in_place_of_the_old_one(north, case, image, asked, client_for):
    staff = client_for(north.staff)
    file = SimpleUploadedFile("new.jpg", jpeg(801), content_type="image/jpeg")
    form = {"lesion": image.lesion_id, "image_type": "dermoscopic", "replaces": image.pk, "files": file}
    staff.post(at("upload", case), form)
    assert image.replacements.count() == 1
    assert "disabled" not in re.search(r"<button[^>]*>Send the new image", text(staff.get(at("intake", case))))[0]
    page = text(staff.post(at("submit", case), follow=True))
    assert "Replaced by a newer image" in page
    assert f"The new image came ({north.staff}" in page
    case.refresh_from_db()
    assert case.state == "ready"  # without an active model nothing is analysed
    room = text(client_for(north.dermatologist).get(at("reading", case)))
    assert "image 2 of 2" in room
    assert "The new image has come." in text(client_for(north.dermatologist).get("/worklist/?view=all"))
    old = text(client_for(north.dermatologist).get(f"{at('reading', case)}?image={image.pk}"))
    assert "This image was replaced." in old
    assert "· replaced" in text(client_for(north.staff).get(at("patient", case.patient)))


def test_submitting_without_a_new_image_says_what_is_missing(north, case, asked, client_for):
    page = text(client_for(north.staff).post(at("submit", case), follow=True))
    assert "A new image was asked for and none was added" in page


def test_that_it_cannot_be_taken_comes_back_with_the_reason(north, case, asked, client_for):
    staff = client_for(north.staff)
    refused = staff.post(at("decline_retake", case), {"reason": "other"})
    assert refused.status_code == 422
    assert "Say why" in text(refused)
    answer = staff.post(at("decline_retake", case), {"reason": "patient_away", "comment": "Lives abroad."}, follow=True)
    assert "back with the dermatologists" in text(answer)
    row = Worklist(north.dermatologist).rows()[0]
    assert row.reason.startswith("No other image came. The patient cannot come. “Lives abroad.”")


@pytest.mark.parametrize("said", [{}, {"reason": "patient_away"}])
def test_that_it_cannot_be_taken_is_no_answer_where_nobody_asked(north, case, image, client_for, said):
    """A refused form would show the intake of a case that nobody may change."""
    draft = CaseFactory(patient__clinic=north.clinic)
    for unasked in (case, draft):
        answer = client_for(north.staff).post(at("decline_retake", unasked), said)
        assert answer.status_code == 409
        assert "no new image is asked for" in text(answer)


def test_a_refused_form_does_not_open_the_intake_of_a_case_that_is_read(north, case, client_for):
    answer = client_for(north.staff).post(at("add_lesion", case), {"site": "the moon"})
    assert answer.status_code == 409
    assert "images and intake change only while" in text(answer)


def test_a_retake_offers_no_discarding(north, case, asked, client_for):
    staff = client_for(north.staff)
    assert at("discard", case) not in text(staff.get(at("intake", case)))
    assert staff.post(at("discard", case)).status_code == 409
    case.refresh_from_db()
    assert case.state == "awaiting_images"


def test_the_patients_page_tells_what_is_awaited(north, case, asked, client_for):
    page = text(client_for(north.staff).get(at("patient", case.patient)))
    assert "Awaiting images" in page
    assert "New image of L1, back, left: out of focus" in page


# ── the queue ────────────────────────────────────────────────────────────────────────────────────


def test_awaited_images_are_a_view_of_the_queue_with_its_count(north, case, asked, client_for):
    page = text(client_for(north.dermatologist).get("/worklist/?view=awaiting"))
    assert "1 case awaiting images" in page
    assert "<span>Awaiting images</span><b>1</b>" in page
    assert "A new image is awaited instead of one of L1: out of focus. “Closer.”" in page
    assert "paused" in page
    assert "data-claim-url" not in page
    assert 'data-case="' not in text(client_for(north.dermatologist).get("/worklist/?view=all"))


@pytest.mark.parametrize("seed", range(4))
def test_at_every_step_the_case_stands_in_one_place_and_is_never_lost(north, seed):
    """Whatever people try, in whatever order: drafts, being analysed, waiting, awaiting images, or decided."""
    case = CaseFactory(patient__clinic=north.clinic)
    image = LesionImageFactory(case=case)
    choice = random.Random(seed)
    reader = {"dermatologist": north.dermatologist, "case": case}
    acts = [
        lambda: submission.submit_case(actor=north.staff, case=case),
        lambda: review.claim_case(reader=north.dermatologist, case=case),
        lambda: review.release_case(reader=north.dermatologist, case=case),
        lambda: retakes.request_images(reason="blur", image=choice.choice([image, None]), **reader),
        lambda: retakes.decline_retake(actor=north.staff, case=case, unable="no_better"),
        lambda: retakes.withdraw_request(**reader),
        lambda: case.paused_at and LesionImageFactory(case=case, lesion=image.lesion, replaces=choice.choice([image, None])),
    ]  # fmt: skip
    seen = set()
    for _ in range(30):
        with contextlib.suppress(DomainError):
            choice.choice(acts)()
        case.refresh_from_db()
        [place] = [name for name, cases in places(north).items() if case in cases]
        seen.add(place)
        views = {name for name, _ in VIEWS if case.pk in view(north, name)}
        assert ("awaiting" in views, "all" in views) == (place == "awaiting", place == "waiting")
        assert (case in {request.case for request in open_retakes(north.staff)}) == (place == "awaiting")
        counts = queue_numbers(north.dermatologist).of_view
        assert (counts["all"], counts["awaiting"]) == (place == "waiting", place == "awaiting")
    assert {"waiting", "awaiting"} <= seen
    if case.state == CaseState.AWAITING_IMAGES and not retakes.images_since(case.open_retake):
        retakes.withdraw_request(**reader)
        review.claim_case(reader=north.dermatologist, case=case)
        reads.record_read(
            reader=north.dermatologist, case=case, decision="override", diagnosis="nv", reason="other", management="monitor"
        )  # fmt: skip
        assert not any(case in cases for cases in places(north).values())


def view(north, name):
    return Worklist(north.dermatologist, WorklistForm({"view": name}).as_filter()).ids


def places(north):
    """Where people look for a case that is not decided yet."""
    states = {
        "drafts": [CaseState.DRAFT],
        "being analysed": [CaseState.SUBMITTED],
        "waiting": [CaseState.READY, CaseState.IN_REVIEW],
        "awaiting": [CaseState.AWAITING_IMAGES],
    }
    return {
        name: [case for state in wanted for case in cases_in(north.staff, state)] for name, wanted in states.items()
    }
