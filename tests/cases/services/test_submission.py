"""From a draft to queued analyses, and the intake before it."""

import pytest
from django.db import OperationalError, connection

from cases import workflows
from cases.errors import Conflict, Forbidden, IllegalTransition, InvalidInput, NotFound
from cases.models import Analysis, AuditEvent
from cases.selectors.audit import verify_chain
from cases.services import intake, submission
from cases.services.submission import input_hash
from cases.states import CaseState
from cases.vocabulary import Action
from tests.factories import CaseFactory, LesionImageFactory, PatientFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(north):
    case = CaseFactory(patient__clinic=north.clinic)
    LesionImageFactory(case=case)
    return case


def test_a_case_opens_as_a_draft_with_unknowns(north):
    patient = PatientFactory(clinic=north.clinic)
    case = intake.open_case(actor=north.staff, patient=patient, reason=" It grew. ", itch="yes", size_mm="6.54")
    assert (case.state, case.reason, str(case.size_mm)) == ("draft", "It grew.", "6.5")
    assert (case.itch, case.bled) == ("yes", "unknown")


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"reason": ""}, "reason"),
        ({"reason": "x" * 501}, "reason"),
        ({"itch": "maybe"}, "itch"),
        ({"itch": ""}, "itch"),
        ({"size_mm": "wide"}, "size_mm"),
        ({"size_mm": -1}, "size_mm"),
        ({"size_mm": "NaN"}, "size_mm"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_field_of_the_intake_is_named(north, fields, wrong):
    patient = PatientFactory(clinic=north.clinic)
    with pytest.raises(InvalidInput) as refusal:
        intake.open_case(actor=north.staff, patient=patient, **{"reason": "It grew.", **fields})
    assert wrong in refusal.value.errors


def test_the_intake_changes_while_the_case_is_open(north, case):
    case = intake.update_intake(actor=north.staff, case=case, bled="no", size_mm=None)
    case.refresh_from_db()
    assert (case.bled, case.size_mm, case.reason) == ("no", None, "A mole that grows.")
    submitted = CaseFactory(patient__clinic=north.clinic, submitted=True)
    with pytest.raises(Conflict, match="draft or awaiting_images"):
        intake.update_intake(actor=north.staff, case=submitted, bled="yes")


def test_a_foreign_case_does_not_exist(north, south, case):
    for act in (submission.submit_case, submission.cancel_case):
        with pytest.raises(NotFound):
            act(actor=south.staff, case=case)
    with pytest.raises(NotFound):
        intake.open_case(actor=south.staff, patient=case.patient, reason="Curious.")


def test_submission_queues_one_analysis_per_image(north, case, active_model):
    second = LesionImageFactory(case=case)
    case = submission.submit_case(actor=north.staff, case=case)
    assert case.state == CaseState.SUBMITTED
    assert case.analysis_deadline > case.submitted_at
    analyses = Analysis.objects.order_by("created_at")
    assert {analysis.image for analysis in analyses} == {*case.images.all()}
    analysis = analyses.get(image=second)
    assert (analysis.state, analysis.attempt, analysis.published_at) == ("queued", 0, None)
    assert analysis.model_version == active_model
    assert analysis.metadata == {
        "age": case.patient.age_on(case.submitted_at.date()),
        "sex": "female",
        "localization": "back",
    }
    assert analysis.input_hash == input_hash(second, analysis.metadata, active_model)
    assert verify_chain(north.clinic).ok
    assert AuditEvent.objects.filter(action=Action.ANALYSIS_QUEUED).count() == 2


def test_what_is_unknown_stays_unknown(north, active_model):
    case = CaseFactory(patient__clinic=north.clinic, patient__birth_date=None, patient__sex="unknown")
    LesionImageFactory(case=case, lesion__site="unknown")
    submission.submit_case(actor=north.staff, case=case)
    assert Analysis.objects.get().metadata == {"age": None, "sex": None, "localization": None}


def test_equal_inputs_have_equal_hashes_and_others_do_not(north, case, active_model):
    image = case.images.get()
    metadata = {"age": 68, "sex": "female", "localization": "back"}
    same = input_hash(image, dict(reversed(metadata.items())), active_model)
    assert same == input_hash(image, metadata, active_model)
    assert same != input_hash(image, {**metadata, "age": None}, active_model)
    image.stored_sha256 = "0" * 64
    assert same != input_hash(image, metadata, active_model)


def test_a_case_without_images_is_not_submitted(north, active_model):
    case = CaseFactory(patient__clinic=north.clinic)
    with pytest.raises(InvalidInput) as refusal:
        submission.submit_case(actor=north.staff, case=case)
    assert "images" in refusal.value.errors
    case.refresh_from_db()
    assert case.state == CaseState.DRAFT


def test_without_a_model_the_case_goes_straight_to_the_dermatologist(north, case):
    case = submission.submit_case(actor=north.staff, case=case)
    assert (case.state, case.tier, case.flagged) == (CaseState.READY, "", True)


def test_submitting_twice_is_refused_and_names_what_is_legal(north, case, active_model):
    submission.submit_case(actor=north.staff, case=case)
    with pytest.raises(IllegalTransition, match="ready, cancelled"):
        submission.submit_case(actor=north.staff, case=case)
    assert Analysis.objects.count() == 1


def test_an_auditor_submits_nothing(north, case):
    with pytest.raises(Forbidden):
        submission.submit_case(actor=north.auditor, case=case)


def test_cancelling_ends_the_case(north, case):
    assert submission.cancel_case(actor=north.staff, case=case).state == CaseState.CANCELLED
    with pytest.raises(IllegalTransition, match="final"):
        submission.cancel_case(actor=north.staff, case=case)


@pytest.mark.parametrize("stage", ["submitted", "ready", "in_review", "awaiting_images"])
def test_a_case_that_was_submitted_is_not_discarded(north, stage):
    case = CaseFactory(patient__clinic=north.clinic, **{stage: True})
    for actor in (north.staff, north.dermatologist):
        with pytest.raises(Conflict, match="only a draft can be discarded"):
            submission.cancel_case(actor=actor, case=case)
    case.refresh_from_db()
    assert case.state == stage


def test_messages_are_sent_after_the_commit_only(
    north, case, active_model, monkeypatch, django_capture_on_commit_callbacks
):
    sent = []
    monkeypatch.setattr(workflows.analyse, "apply_async", lambda args, **_: sent.append(args))
    with django_capture_on_commit_callbacks() as waiting:
        workflows.submit_case(actor=north.staff, case=case)
        assert sent == []
    for callback in waiting:
        callback()
    analysis = Analysis.objects.get()
    assert sent == [(str(analysis.pk),)]
    assert analysis.published_at is not None


@pytest.mark.django_db(transaction=True)
def test_a_database_that_goes_away_after_the_commit_costs_the_caller_nothing(
    north, case, active_model, monkeypatch, caplog
):
    def gone(execute, sql, params, many, context):
        if sql.startswith("UPDATE") and "published_at" in sql:
            raise OperationalError("server closed the connection")
        return execute(sql, params, many, context)

    monkeypatch.setattr(workflows.analyse, "apply_async", lambda *_, **__: None)
    with connection.execute_wrapper(gone):
        case = workflows.submit_case(actor=north.staff, case=case)
    assert case.state == CaseState.SUBMITTED
    assert "server closed" in caplog.text
    assert Analysis.objects.never_published().count() == 1


def test_a_broker_that_is_away_costs_no_analysis(
    north, case, active_model, monkeypatch, django_capture_on_commit_callbacks
):
    def away(*_, **__):
        raise OSError("connection refused")

    monkeypatch.setattr(workflows.analyse, "apply_async", away)
    with django_capture_on_commit_callbacks(execute=True):
        case = workflows.submit_case(actor=north.staff, case=case)
    assert case.state == CaseState.SUBMITTED
    assert Analysis.objects.never_published().count() == 1
