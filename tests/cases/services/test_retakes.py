"""Other images are asked for: the case waits without its clock, keeps all it had, and comes back with more."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from cases.errors import Conflict, Forbidden, IllegalTransition, InvalidInput, NotFound
from cases.models import Analysis, AuditEvent, Case, LesionImage, RetakeRequest
from cases.pictures import sha256
from cases.selectors.results import leading_analysis, possible_diagnoses
from cases.services import retakes, review, submission
from cases.services.analyses import perform_analysis, retry_analysis
from cases.services.draft_images import remove_image
from cases.services.images import attach_image
from cases.vocabulary import Finding, RetakeReason
from tests.drawings import jpeg
from tests.factories import (
    AnalysisFactory,
    CaseFactory,
    LesionImageFactory,
    PredictionFactory,
    RetakeRequestFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(north):
    return CaseFactory(patient__clinic=north.clinic, ready=True)


@pytest.fixture
def image(case):
    """The case's one image, with an answer."""
    image = LesionImageFactory(case=case)
    analysis = AnalysisFactory(image=image, succeeded=True)
    PredictionFactory(analysis=analysis, diagnosis="mel", malignancy=0.9, tier="urgent")
    return image


@pytest.fixture
def ask(north, case, image):
    def act(**fields):
        return retakes.request_images(
            dermatologist=north.dermatologist, case=case, **{"reason": "blur", "image": image, **fields}
        )

    return act


@pytest.fixture
def replace(north, case, image):
    """A new image in the stead of the first one."""

    def act(data=None, **fields):
        case.refresh_from_db()
        wanted = {"lesion": image.lesion, "image_type": "dermoscopic", "replaces": image, **fields}
        return attach_image(actor=north.staff, case=case, data=jpeg(501) if data is None else data, **wanted)

    return act


@pytest.fixture
def resubmit(north, case):
    return lambda: submission.submit_case(actor=north.staff, case=case)


def state_of(case):
    case.refresh_from_db()
    return case.state


# ── asking ───────────────────────────────────────────────────────────────────────────────────────


def test_asking_ends_the_claim_and_stops_the_clock(north, case, image, ask):
    review.claim_case(reader=north.dermatologist, case=case)
    request = ask(comment=" Closer. ")
    assert state_of(case) == "awaiting_images"
    assert (case.claimed_by, case.paused_at) == (None, request.created_at)
    assert (request.is_open, request.comment, request.image) == (True, "Closer.", image)
    event = AuditEvent.objects.about(case.pk).latest("seq")
    assert (event.action, event.payload) == (
        "retake_requested",
        {"retake": str(request.pk), "image": str(image.pk), "reason": "blur"},
    )


def test_a_ready_case_needs_no_claim_but_a_colleagues_is_respected(north, case, ask):
    review.claim_case(reader=UserFactory(clinic=north.clinic, role="dermatologist"), case=case)
    with pytest.raises(Conflict, match="holds this case since"):
        ask()
    assert state_of(case) == "in_review"
    Case.objects.update(state="ready", claimed_by=None, claim_until=None)
    assert ask().is_open


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"reason": "mood"}, "reason"),
        ({"reason": ""}, "reason"),
        ({"reason": "other"}, "comment"),
        ({"comment": "x" * 1001}, "comment"),
    ],
)
def test_a_wrong_field_of_the_request_is_named(case, ask, fields, wrong):
    with pytest.raises(InvalidInput) as refusal:
        ask(**fields)
    assert list(refusal.value.errors) == [wrong]
    assert state_of(case) == "ready"


def test_only_an_image_of_the_case_that_still_stands_can_be_replaced(north, case, image, ask):
    LesionImageFactory(case=case, lesion=image.lesion, replaces=image)
    for other in (image, LesionImageFactory(case__patient__clinic=north.clinic)):
        with pytest.raises(InvalidInput, match="Choose one of the images"):
            ask(image=other)


@pytest.mark.parametrize("stage", ["", "submitted", "awaiting_images"])
def test_where_nothing_can_be_asked_for_the_legal_moves_are_named(north, stage):
    case = CaseFactory(patient__clinic=north.clinic, **({stage: True} if stage else {}))
    with pytest.raises(IllegalTransition) as refusal:
        retakes.request_images(dermatologist=north.dermatologist, case=case, reason="blur")
    assert refusal.value.legal == case.legal_moves


def test_each_act_belongs_to_its_people_in_their_clinic(north, south, case, image, ask):
    act = {"case": case, "reason": "blur"}
    with pytest.raises(Forbidden):
        retakes.request_images(dermatologist=north.staff, **act)
    with pytest.raises(NotFound):
        retakes.request_images(dermatologist=south.dermatologist, **act)
    ask()
    with pytest.raises(Forbidden):
        retakes.decline_retake(actor=north.admin, case=case, unable="no_better")
    with pytest.raises(NotFound):
        retakes.decline_retake(actor=south.staff, case=case, unable="no_better")
    with pytest.raises(Forbidden):
        retakes.withdraw_request(dermatologist=north.staff, case=case)
    with pytest.raises(NotFound):
        retakes.withdraw_request(dermatologist=south.dermatologist, case=case)


def test_whatever_the_quality_gate_finds_can_be_asked_about():
    assert set(Finding.values) <= set(RetakeReason.values)


# ── answering ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.usefixtures("active_model")
def test_the_new_image_is_analysed_and_the_old_answer_is_kept_without_counting(
    north, case, image, ask, replace
):  # fmt: skip
    before = Analysis.objects.get()
    ask()
    new = replace()
    assert submission.submit_case(actor=north.staff, case=case).state == "submitted"
    queued = Analysis.objects.exclude(pk=before.pk).get()
    assert (queued.image, queued.state) == (new, "queued")
    perform_analysis(queued.pk)
    assert state_of(case) == "ready"
    before.refresh_from_db()
    assert (before.state, before.prediction.malignancy) == ("succeeded", 0.9)
    assert case.malignancy != 0.9
    assert case.tier != "urgent" or "mel" in possible_diagnoses(case)
    assert leading_analysis(case) != before
    assert (new.replaces, list(case.images.standing()), case.standing_images) == (image, [new], [new])
    request = case.retakes.get()
    assert (request.is_open, request.answered_by, request.unable) == (False, north.staff, "")


def test_a_refused_new_image_leaves_silence_and_urgent_what_was_urgent(case, ask, replace, resubmit):
    ask()
    AnalysisFactory(image=replace(), abstained=True)
    case = resubmit()
    assert (case.state, case.malignancy, case.tier, case.silent, case.flagged) == ("ready", 0.9, "urgent", True, True)


def test_an_answer_about_the_new_image_is_enough(case, ask, replace, resubmit):
    ask()
    PredictionFactory(analysis__image=replace(), malignancy=0.1, tier="routine")
    case = resubmit()
    assert (case.state, case.malignancy, case.tier, case.silent) == ("ready", 0.1, "routine", False)


def test_an_additional_image_replaces_nothing(case, image, ask, replace, resubmit):
    ask(image=None, reason="another_view")
    PredictionFactory(analysis__image=replace(replaces=None), malignancy=0.1)
    case = resubmit()
    assert (case.state, case.malignancy, case.images.standing().count()) == ("ready", 0.9, 2)


def test_without_a_new_image_nothing_is_submitted(case, image, ask, replace, resubmit):
    ask()
    with pytest.raises(InvalidInput, match="none was added"):
        resubmit()
    replace(replaces=None)
    with pytest.raises(InvalidInput, match="No new image replaces the one of L1"):
        resubmit()
    assert state_of(case) == "awaiting_images"
    assert case.retakes.get().is_open


def test_the_same_file_is_no_new_image(image, ask, replace):
    data = jpeg(504)
    LesionImage.objects.filter(pk=image.pk).update(sha256=sha256(data))
    ask()
    with pytest.raises(Conflict, match="very file"):
        replace(data)


def test_what_may_be_replaced(north, case, image, ask, replace):
    with pytest.raises(Conflict, match="draft or awaiting_images"):
        replace()
    ask()
    new = replace()
    for wrong, words in (
        (LesionImageFactory(case=case), "same lesion"),
        (new, "Nobody asked for another one of that image"),
        (LesionImageFactory(case=case, lesion=image.lesion), "Nobody asked for another one of that image"),
    ):
        with pytest.raises(InvalidInput, match=words) as refusal:
            replace(jpeg(502), replaces=wrong)
        assert list(refusal.value.errors) == ["replaces"]
    second = replace(jpeg(503))  # two shots in the stead of one are welcome
    assert set(image.replacements.all()) == {new, second}
    remove_image(actor=north.staff, image=second)
    assert list(image.replacements.all()) == [new]


def test_a_request_that_names_no_image_gives_none_away(image, ask, replace):
    ask(image=None, reason="another_view")
    with pytest.raises(InvalidInput, match="Nobody asked for another one of that image"):
        replace()
    assert not image.replacements.exists()


def test_a_replacement_that_is_not_scored_leaves_the_case_urgent_and_flagged(case, image, ask, replace, resubmit):
    """Beside an answer about the lesion an overview is no silence. In the stead of the urgent image it is one."""
    beside = AnalysisFactory(image=LesionImageFactory(case=case, lesion=image.lesion), succeeded=True)
    PredictionFactory(analysis=beside, diagnosis="nv", malignancy=0.02, tier="routine")
    ask(reason="another_view")
    overview = replace(image_type="clinical: overview")
    AnalysisFactory(image=overview, abstained=True, abstain_reason="modality")
    case = resubmit()
    assert (case.state, case.tier, case.silent, case.flagged) == ("ready", "urgent", True, True)


def test_the_failed_analysis_of_a_replaced_image_stays_failed(north, case, image):
    failed = AnalysisFactory(image=LesionImageFactory(case=case, lesion=image.lesion), failed=True)
    LesionImageFactory(case=case, lesion=image.lesion, replaces=failed.image)
    with pytest.raises(Conflict, match="This image was replaced"):
        retry_analysis(actor=north.staff, analysis=failed)
    failed.refresh_from_db()
    assert failed.state == "failed"


def test_an_image_that_was_there_before_stays_even_if_nobody_analysed_it(north, case, ask):
    unasked = LesionImageFactory(case=case)
    ask()
    with pytest.raises(Conflict, match="submitted before and stays"):
        remove_image(actor=north.staff, image=unasked)


@pytest.mark.parametrize("end", ["decline", "withdraw"])
def test_without_new_images_the_case_goes_on_with_the_old_ones(north, case, image, ask, end):
    ask()
    if end == "decline":
        ended = retakes.decline_retake(actor=north.staff, case=case, unable="other", answer=" She moved away. ")
        assert (ended.answered_by, ended.unable, ended.answer) == (north.staff, "other", "She moved away.")
    else:
        ended = retakes.withdraw_request(dermatologist=north.dermatologist, case=case)
        assert (ended.cancelled_by, ended.answered_at) == (north.dermatologist, None)
    assert (state_of(case), case.malignancy, case.tier, case.paused_at) == ("ready", 0.9, "urgent", None)
    assert not RetakeRequest.objects.open().exists()


def test_new_images_are_never_left_behind(north, case, ask, replace):
    ask()
    replace()
    for act in (
        lambda: retakes.decline_retake(actor=north.staff, case=case, unable="no_better"),
        lambda: retakes.withdraw_request(dermatologist=north.dermatologist, case=case),
    ):
        with pytest.raises(Conflict, match="Submit the case with them, or remove them"):
            act()
    assert state_of(case) == "awaiting_images"


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [({"unable": "rain"}, "reason"), ({"unable": "other"}, "comment"), ({"unable": "no_better", "answer": "x" * 1001}, "comment")],
)  # fmt: skip
def test_a_wrong_field_of_the_answer_is_named(north, case, ask, fields, wrong):
    ask()
    with pytest.raises(InvalidInput) as refusal:
        retakes.decline_retake(actor=north.staff, case=case, **fields)
    assert list(refusal.value.errors) == [wrong]
    assert state_of(case) == "awaiting_images"


def test_what_nobody_asked_for_cannot_be_answered(north, case):
    for act in (
        lambda: retakes.decline_retake(actor=north.staff, case=case, unable="no_better"),
        lambda: retakes.withdraw_request(dermatologist=north.dermatologist, case=case),
    ):
        with pytest.raises(Conflict, match="This case is ready: no new image is asked for") as refusal:
            act()
        assert refusal.value.legal == case.legal_moves


def test_a_result_that_came_meanwhile_is_not_lost(north, case, ask):
    late = LesionImageFactory(case=case)
    ask()
    PredictionFactory(analysis__image=late, malignancy=0.95)
    retakes.decline_retake(actor=north.staff, case=case, unable="patient_away")
    assert (state_of(case), case.malignancy) == ("ready", 0.95)


def test_a_submitted_case_is_not_discarded_while_images_are_awaited(north, case, ask):
    ask()
    for actor in (north.staff, north.dermatologist):
        with pytest.raises(Conflict, match="Add the image that is asked for, or say that it cannot be taken"):
            submission.cancel_case(actor=actor, case=case)
    assert (state_of(case), case.retakes.get().is_open) == ("awaiting_images", True)


# ── the database ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "change",
    [
        {"reason": "mood"},
        {"reason": "other", "comment": ""},
        {"unable": "no_better"},
        {"answered_at": timezone.now()},
        {"cancelled_at": timezone.now()},
        {"unable": "rain"},
    ],
)
def test_the_database_holds_the_rules_of_a_request(north, change):
    request = RetakeRequestFactory(case__patient__clinic=north.clinic)
    with pytest.raises(IntegrityError), transaction.atomic():
        RetakeRequest.objects.filter(pk=request.pk).update(**change)


def test_the_database_knows_one_open_request_per_case(north):
    request = RetakeRequestFactory(case__patient__clinic=north.clinic)
    with pytest.raises(IntegrityError), transaction.atomic():
        RetakeRequestFactory(case=request.case)
    RetakeRequest.objects.update(cancelled_at=timezone.now(), cancelled_by=north.dermatologist)
    RetakeRequestFactory(case=request.case)


def test_the_database_stops_the_clock_of_waiting_cases_only(north, case):
    for wrong in ({"paused_at": timezone.now()}, {"state": "awaiting_images"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Case.objects.filter(pk=case.pk).update(**wrong)


def test_no_image_replaces_itself(image):
    with pytest.raises(IntegrityError), transaction.atomic():
        LesionImage.objects.filter(pk=image.pk).update(replaces=image)
