"""An explanation that a reader asked for is made once, whatever happens to its worker, and delays no analysis."""

import uuid
from datetime import timedelta

import pytest
from celery import current_app
from celery.exceptions import SoftTimeLimitExceeded
from django.db import IntegrityError, transaction
from django.utils import timezone

from cases import tasks, wording, workflows
from cases.errors import Conflict, Forbidden, InvalidInput, NotFound
from cases.models import AuditEvent, ExplanationRequest
from cases.selectors.audit import verify_chain
from cases.selectors.explanations import weights_of
from cases.services import analyses, explanations, sweep
from cases.services.consents import record_consent
from cases.services.explanations import perform_explanation, request_explanation
from tests.factories import AnalysisFactory, ConsentFactory, ExplanationRequestFactory, PredictionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def answered(north, active_model):
    """An analysis that the tiny network has answered."""
    analysis = AnalysisFactory(
        image__case__submitted=True, image__case__patient__clinic=north.clinic, model_version=active_model
    )
    analyses.perform_analysis(analysis.pk)
    analysis.refresh_from_db()
    return analysis


@pytest.fixture
def asked(north, answered):
    return request_explanation(actor=north.dermatologist, analysis=answered, method="shap", diagnosis="mel")


def now_there(request):
    return ExplanationRequest.objects.get(pk=request.pk)


def told():
    about = AuditEvent.objects.filter(action__startswith="explanation").order_by("seq")
    return list(about.values_list("action", flat=True))


def test_it_is_made_once_and_whole(north, asked):
    tasks.explain(str(asked.pk))
    made = now_there(asked)
    assert (made.state, made.progress, made.attempt, made.lease_token) == ("done", 100, 1, None)
    assert bytes(made.overlay).startswith(b"\x89PNG")
    assert made.r2 <= 1
    weights = weights_of(made)
    assert weights.towards + weights.against == pytest.approx(sum(made.weights))
    tasks.explain(str(asked.pk))
    assert now_there(asked).finished_at == made.finished_at
    assert told() == ["explanation_requested", "explanation_made"]
    assert verify_chain(north.clinic).ok


def test_equal_requests_have_equal_answers(north, answered, asked):
    perform_explanation(asked.pk)
    first = now_there(asked)
    ExplanationRequest.objects.filter(pk=asked.pk).delete()
    again = request_explanation(actor=north.dermatologist, analysis=answered, method="shap", diagnosis="mel")
    perform_explanation(again.pk)
    assert now_there(again).weights == first.weights


def test_asked_for_twice_it_is_the_same_one(north, answered, asked):
    again = request_explanation(actor=north.dermatologist, analysis=answered, method="shap", diagnosis="mel")
    other = request_explanation(actor=north.dermatologist, analysis=answered, method="lime", diagnosis="mel")
    assert again.pk == asked.pk != other.pk
    assert told() == ["explanation_requested"] * 2
    with pytest.raises(IntegrityError), transaction.atomic():
        ExplanationRequestFactory(analysis=answered, method="shap", diagnosis="mel")


def test_it_is_for_dermatologists_of_the_clinic(north, south, answered):
    wanted = {"analysis": answered, "method": "lime", "diagnosis": "mel"}
    for user in (north.staff, north.admin, north.auditor):
        with pytest.raises(Forbidden):
            request_explanation(actor=user, **wanted)
    with pytest.raises(NotFound):
        request_explanation(actor=south.dermatologist, **wanted)


def test_what_cannot_be_explained_says_why(north, answered):
    with pytest.raises(InvalidInput) as refused:
        request_explanation(actor=north.dermatologist, analysis=answered, method="magic", diagnosis="scc")
    assert set(refused.value.errors) == {"method", "diagnosis"}
    silent = PredictionFactory(
        analysis=AnalysisFactory(image__case__patient__clinic=north.clinic, abstained=True), tier=""
    ).analysis
    with pytest.raises(Conflict, match="no answer"):
        request_explanation(actor=north.dermatologist, analysis=silent, method="lime", diagnosis="mel")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (SoftTimeLimitExceeded(), "It took longer than"),
        (FileNotFoundError("/srv/secret"), "A stored file"),
        (RuntimeError("/srv/secret"), "unexpected error"),
    ],
)
def test_a_failure_says_why_and_may_be_asked_for_again(north, asked, monkeypatch, error, sentence):
    def fails(_):
        raise error

    monkeypatch.setattr(explanations, "predictor_for", fails)
    assert perform_explanation(asked.pk) is True
    ended = now_there(asked)
    assert (ended.state, ended.lease_token) == ("failed", None)
    assert sentence in ended.error
    assert "secret" not in ended.error
    again = request_explanation(actor=north.dermatologist, analysis=asked.analysis, method="shap", diagnosis="mel")
    assert (again.pk, again.state, again.attempt, again.error) == (asked.pk, "queued", 0, "")


def test_a_lost_worker_is_noticed_and_its_late_twin_leaves_the_row_alone(asked):
    slow = explanations._claim(asked.pk)
    assert sweep.take_back_lost_explanations() == 0
    ExplanationRequest.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert (sweep.take_back_lost_explanations(), sweep.take_back_lost_explanations()) == (1, 0)
    assert now_there(asked).state == "queued"
    with pytest.raises(explanations._LostLeaseError):
        explanations._reporter(slow)(100, 100)
    assert explanations.end_in_vain(slow, reason="late") is False
    assert now_there(asked).state == "queued"


def test_a_worker_that_is_lost_each_time_ends_it(settings, asked):
    for _ in range(settings.ANALYSIS_MAX_ATTEMPTS):
        explanations._claim(asked.pk)
        ExplanationRequest.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        sweep.take_back_lost_explanations()
    ended = now_there(asked)
    assert ended.state == "failed"
    assert "lost 3 times" in ended.error


def test_progress_is_told_and_keeps_the_lease(asked):
    claimed = explanations._claim(asked.pk)
    ExplanationRequest.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    report = explanations._reporter(claimed)
    report(1, 240)
    assert now_there(asked).progress == 0  # not worth a write yet
    report(60, 240)
    assert now_there(asked).progress == 25
    assert sweep.take_back_lost_explanations() == 0


def test_the_sweeper_publishes_what_was_never_published(asked, monkeypatch):
    sent = []
    monkeypatch.setattr(workflows.explain, "apply_async", lambda args, **_: sent.append(args[0]))
    swept = [workflows.sweep_once()["explanations_published"] for _ in range(2)]
    assert (swept, sent) == ([1, 0], [str(asked.pk)])
    ExplanationRequest.objects.update(published_at=timezone.now() - timedelta(hours=1))
    assert workflows.publish_waiting_explanations() == 1


def test_with_the_broker_away_the_wish_is_kept(north, answered, monkeypatch, django_capture_on_commit_callbacks):
    def away(*_, **__):
        raise OSError("refused")

    monkeypatch.setattr(workflows.explain, "apply_async", away)
    with django_capture_on_commit_callbacks(execute=True):
        workflows.request_explanation(actor=north.dermatologist, analysis=answered, method="lime", diagnosis="nv")
    assert ExplanationRequest.objects.get().published_at is None


def test_it_waits_on_a_queue_of_its_own():
    router = current_app.amqp.router
    queues = [router.route({}, task.name)["queue"].name for task in (tasks.analyse, tasks.explain)]
    assert queues == ["analyses", "explanations"]
    from skinclinic.supervisor import children

    commands = {child.name: child.command for child in children("127.0.0.1", 1)}
    assert "--queues=analyses" in commands["worker"]
    assert "--queues=explanations" in commands["explainer"]
    assert commands["explainer"][0] == "nice"


def refuse(north, asked):
    patient = asked.analysis.image.case.patient
    return record_consent(actor=north.staff, patient=patient, purpose="ai", answer="refused", notice="2026-1")


@pytest.mark.parametrize("running", [False, True], ids=["queued", "running"])
def test_a_refusal_of_analysis_ends_what_was_asked_for(north, asked, running):
    if running:
        token = {"lease_token": uuid.uuid4(), "lease_until": timezone.now() + timedelta(minutes=1)}
        ExplanationRequest.objects.filter(pk=asked.pk).update(state="running", attempt=1, **token)
    refuse(north, asked)
    ended = now_there(asked)
    assert (ended.state, ended.lease_token) == ("failed", None)
    assert wording.explained(ended).advice == "The patient has not agreed to analysis by a network."
    assert not perform_explanation(asked.pk)
    assert told() == ["explanation_requested", "explanation_failed"]
    assert verify_chain(north.clinic).ok


def test_after_a_refusal_none_can_be_asked_for_anew_or_again(north, answered, asked):
    refuse(north, asked)
    for diagnosis in ("mel", "nv"):
        with pytest.raises(Conflict, match="has not agreed"):
            request_explanation(actor=north.dermatologist, analysis=answered, method="shap", diagnosis=diagnosis)
    assert list(ExplanationRequest.objects.values_list("state", flat=True)) == ["failed"]


def test_what_slipped_by_a_refusal_is_not_explained(asked):
    ConsentFactory(patient=asked.analysis.image.case.patient, answer="refused")
    perform_explanation(asked.pk)
    ended = now_there(asked)
    assert (ended.state, ended.overlay) == ("failed", None)
    assert "has not agreed" in ended.error
