"""Claim, release, read: one dermatologist at a time, and the network's word stays what it was."""

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.forms.models import model_to_dict
from django.utils import timezone

from cases.errors import Conflict, Forbidden, IllegalTransition, InvalidInput, NotFound
from cases.models import AuditEvent, Case, Read
from cases.services import reads, review
from cases.services.sweep import release_idle_claims
from cases.states import CaseState
from cases.vocabulary import Action
from tests.factories import CaseFactory, LesionImageFactory, PredictionFactory, ReadFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(north):
    return CaseFactory(patient__clinic=north.clinic, ready=True)


@pytest.fixture
def prediction(case):
    return PredictionFactory(analysis__image=LesionImageFactory(case=case), prediction_set=["bkl", "nv"])


@pytest.fixture
def sign(north, case):
    def act(**fields):
        review.claim_case(reader=north.dermatologist, case=case)
        return reads.record_read(reader=north.dermatologist, case=case, **{"management": "monitor", **fields})

    return act


def test_a_claim_holds_the_case(north, case):
    claimed = review.claim_case(reader=north.dermatologist, case=case)
    assert (claimed.state, claimed.claimed_by) == (CaseState.IN_REVIEW, north.dermatologist)
    left = claimed.claim_until - timezone.now()
    assert timedelta(minutes=14) < left <= timedelta(minutes=15)


def test_a_colleague_is_refused_with_the_current_state(north, case):
    review.claim_case(reader=north.dermatologist, case=case)
    colleague = UserFactory(clinic=north.clinic, role="dermatologist")
    with pytest.raises(Conflict, match=r"holds this case since \d\d:\d\d, until \d\d:\d\d") as refusal:
        review.claim_case(reader=colleague, case=case)
    assert refusal.value.current == CaseState.IN_REVIEW
    assert "ready" in refusal.value.legal


def test_the_holders_repeat_extends_the_claim_and_is_one_event(north, case):
    first = review.claim_case(reader=north.dermatologist, case=case)
    second = review.claim_case(reader=north.dermatologist, case=case)
    assert second.claim_until > first.claim_until
    assert AuditEvent.objects.filter(action=Action.CASE_CLAIMED).count() == 1


def test_a_draft_cannot_be_claimed(north):
    draft = CaseFactory(patient__clinic=north.clinic)
    with pytest.raises(IllegalTransition, match="submitted"):
        review.claim_case(reader=north.dermatologist, case=draft)


def test_claiming_belongs_to_dermatologists_of_the_clinic(north, south, case):
    with pytest.raises(Forbidden):
        review.claim_case(reader=north.staff, case=case)
    with pytest.raises(NotFound):
        review.claim_case(reader=south.dermatologist, case=case)


@pytest.mark.django_db(transaction=True)
def test_of_ten_claims_at_once_one_wins(north, case):
    readers = UserFactory.create_batch(10, clinic=north.clinic, role="dermatologist")
    outcomes, start = [], threading.Barrier(len(readers))

    def claim(reader):
        try:
            start.wait()
            review.claim_case(reader=reader, case=case)
            outcomes.append(reader)
        except Conflict:
            outcomes.append(None)
        finally:
            connection.close()

    threads = [threading.Thread(target=claim, args=[reader]) for reader in readers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winners = [reader for reader in outcomes if reader]
    assert len(outcomes) == 10
    assert len(winners) == 1
    assert Case.objects.get(pk=case.pk).claimed_by == winners[0]
    assert AuditEvent.objects.filter(action=Action.CASE_CLAIMED).count() == 1


def test_release_gives_the_case_back(north, case):
    review.claim_case(reader=north.dermatologist, case=case)
    with pytest.raises(Conflict, match="holds this case since"):
        review.release_case(reader=UserFactory(clinic=north.clinic, role="dermatologist"), case=case)
    released = review.release_case(reader=north.dermatologist, case=case)
    assert (released.state, released.claimed_by, released.claim_until) == (CaseState.READY, None, None)
    with pytest.raises(IllegalTransition, match="in_review"):
        review.release_case(reader=north.dermatologist, case=case)


def test_an_idle_claim_is_released_once(north, case):
    review.claim_case(reader=north.dermatologist, case=case)
    assert release_idle_claims() == 0
    Case.objects.update(claim_until=timezone.now() - timedelta(seconds=1))
    assert release_idle_claims() == 1
    assert release_idle_claims() == 0
    case.refresh_from_db()
    assert case.state == CaseState.READY
    assert AuditEvent.objects.get(action=Action.CASE_RELEASED).payload == {"idle": True}


def test_an_expired_claim_may_be_taken_over(north, case):
    review.claim_case(reader=north.dermatologist, case=case)
    Case.objects.update(claim_until=timezone.now() - timedelta(seconds=1))
    colleague = UserFactory(clinic=north.clinic, role="dermatologist")
    assert review.claim_case(reader=colleague, case=case).claimed_by == colleague
    told = AuditEvent.objects.order_by("seq").values_list("action", "actor", "payload")
    assert list(told) == [
        ("case_claimed", north.dermatologist.pk, {}),
        ("case_released", None, {"idle": True}),
        ("case_claimed", colleague.pk, {}),
    ]


def test_the_database_knows_that_only_a_case_in_review_is_held(north, case):
    with pytest.raises(IntegrityError), transaction.atomic():
        Case.objects.filter(pk=case.pk).update(claimed_by=north.dermatologist)


def test_confirming_takes_the_networks_first_diagnosis(sign, case, prediction):
    read = sign(decision="confirm")
    case.refresh_from_db()
    assert (read.diagnosis, read.network_diagnosis, read.analysis) == ("nv", "nv", prediction.analysis)
    assert (case.state, case.decided_at) == (CaseState.DECIDED, read.signed_at)
    assert case.claimed_by is None


def test_confirming_another_possible_diagnosis_is_still_agreement(sign, prediction):
    assert sign(decision="confirm", diagnosis="bkl").diagnosis == "bkl"


def test_confirming_what_the_network_ruled_out_is_refused(sign, case, prediction):
    with pytest.raises(InvalidInput, match="override") as refusal:
        sign(decision="confirm", diagnosis="mel")
    assert list(refusal.value.errors) == ["diagnosis"]
    case.refresh_from_db()
    assert case.state == CaseState.IN_REVIEW


def test_overriding_leaves_the_networks_word_alone(sign, prediction):
    before = model_to_dict(prediction)
    read = sign(decision="override", diagnosis="mel", management="excise", reason="dermoscopic_criteria", comment=" x ")
    prediction.refresh_from_db()
    assert model_to_dict(prediction) == before
    assert (read.diagnosis, read.network_diagnosis, read.comment) == ("mel", "nv", "x")


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"decision": "agree"}, {"decision", "diagnosis", "reason"}),
        ({"decision": "override"}, {"diagnosis", "reason"}),
        ({"decision": "override", "diagnosis": "scc", "reason": "other"}, {"diagnosis"}),
        ({"decision": "override", "diagnosis": "mel", "reason": "mood"}, {"reason"}),
        ({"decision": "confirm", "reason": "other"}, {"reason"}),
        ({"decision": "confirm", "management": "wait"}, {"management"}),
        ({"decision": "confirm", "comment": "x" * 4001}, {"comment"}),
    ],
)
def test_a_wrong_field_of_a_read_is_named(sign, prediction, fields, wrong):
    with pytest.raises(InvalidInput) as refusal:
        sign(**fields)
    assert set(refusal.value.errors) == wrong
    assert not Read.objects.exists()


def test_without_a_result_there_is_nothing_to_confirm(sign, case):
    with pytest.raises(InvalidInput, match="no result"):
        sign(decision="confirm", diagnosis="nv")
    assert sign(decision="override", diagnosis="nv", reason="clinical_context").analysis is None


def test_a_read_needs_the_claim(north, case, prediction):
    with pytest.raises(IllegalTransition, match="in_review"):
        reads.record_read(reader=north.dermatologist, case=case, decision="confirm", management="monitor")
    review.claim_case(reader=UserFactory(clinic=north.clinic, role="dermatologist"), case=case)
    with pytest.raises(Conflict, match="holds this case since"):
        reads.record_read(reader=north.dermatologist, case=case, decision="confirm", management="monitor")


def test_a_decided_case_is_not_decided_again(north, sign, case, prediction):
    sign(decision="confirm")
    with pytest.raises(IllegalTransition, match="closed"):
        reads.record_read(reader=north.dermatologist, case=case, decision="confirm", management="monitor")
    assert reads.close_case(reader=north.dermatologist, case=case).state == CaseState.CLOSED


def test_the_trail_tells_the_decision_without_the_comment(sign, prediction):
    sign(decision="override", diagnosis="mel", reason="other", comment="Mrs Lovelace asked twice.")
    event = AuditEvent.objects.get(action=Action.READ_SIGNED)
    assert (event.payload["decision"], event.payload["network_diagnosis"]) == ("override", "nv")
    assert "Lovelace" not in str(event.payload)


@pytest.mark.parametrize("change", [{"reason": ""}, {"decision": "confirm"}, {"diagnosis": "scc"}])
def test_the_database_holds_the_rules_of_a_read(north, case, change):
    with pytest.raises(IntegrityError), transaction.atomic():
        ReadFactory(case=case, **change)


def test_a_claim_is_as_old_as_its_first_moment(north, case):
    """The holder's repeat lasts longer, and began when it began; nobody's claim began never."""
    held = review.claim_case(reader=north.dermatologist, case=case)
    again = review.claim_case(reader=north.dermatologist, case=held)
    assert again.claimed_at == held.claimed_at
    assert again.claim_until > held.claim_until
    assert review.release_case(reader=north.dermatologist, case=again).claimed_at is None
