"""An analysis ends exactly once, whatever happens to its workers."""

import dataclasses
import threading
import time
import uuid
from datetime import timedelta

import numpy as np
import pytest
from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils import timezone

from cases import runtime, tasks
from cases.errors import Conflict, Forbidden, IllegalTransition, NotFound
from cases.models import Analysis, AuditEvent, Case, Explanation, Prediction, QualityCheck
from cases.selectors.audit import verify_chain
from cases.services import analyses, images, leases, submission, sweep
from cases.services.leases import Heartbeat, claim_analysis
from cases.vocabulary import Action
from inference.scope import ScopeReport
from inference.vocabulary import DIAGNOSES
from tests.drawings import dark_jpeg
from tests.factories import AnalysisFactory, CaseFactory, LesionFactory, LesionImageFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def queued(north, active_model):
    """A submitted case with one image, waiting for a worker."""
    case = CaseFactory(patient__clinic=north.clinic)
    LesionImageFactory(case=case)
    submission.submit_case(actor=north.staff, case=case)
    return Analysis.objects.get()


def now_there(analysis):
    return Analysis.objects.get(pk=analysis.pk)


def case_of(analysis):
    return Case.objects.get(images__analyses=analysis)


@pytest.fixture
def broken_network(monkeypatch):
    """`broken_network(error)`: the network raises this instead of answering."""

    def break_with(error):
        def raises(_):
            raise error

        monkeypatch.setattr(analyses, "predictor_for", raises)

    return break_with


def test_a_result_is_whole(queued, active_model):
    assert tasks.analyse(str(queued.pk)) is None
    done = now_there(queued)
    assert (done.state, done.step, done.attempt, done.lease_token) == ("succeeded", "done", 1, None)
    assert done.timings["total"] > 0
    prediction = done.prediction
    assert set(prediction.probabilities) == set(DIAGNOSES)
    assert sum(prediction.probabilities.values()) == pytest.approx(1, abs=1e-6)
    assert prediction.malignancy == pytest.approx(sum(prediction.probabilities[c] for c in ("mel", "bcc", "akiec")))
    assert prediction.probabilities[prediction.diagnosis] == max(prediction.probabilities.values())
    assert len(bytes(done.explanation.heatmaps)) == 7 * 9 * 12
    assert set(prediction.shapley) == {*DIAGNOSES, "malignancy"}
    embedding = done.embedding
    assert embedding.model_version == active_model
    assert np.frombuffer(bytes(embedding.vector), "<f4").shape == (embedding.size,) == (8,)
    assert done.image.quality_check.verdict == "passed"
    case = case_of(queued)
    assert (case.state, case.tier, case.malignancy) == ("ready", prediction.tier, prediction.malignancy)
    assert case.flag_threshold == active_model.flag_threshold
    told = AuditEvent.objects.order_by("seq").values_list("action", flat=True)
    assert list(told)[-2:] == ["analysis_succeeded", "case_ready"]  # the cause before its effect


def test_what_the_runtime_measured_is_kept_in_plain_values(queued):
    claimed, lease = claim_analysis(queued.pk)
    result = analyses._compute(claimed, lease)
    foreign = dataclasses.replace(result, scope=ScopeReport(score=2.5, limit=1.0, distance=2.0, energy=0.5))
    assert analyses._record(claimed, lease, dataclasses.replace(foreign, abstain_reason="out_of_scope"))
    kept = now_there(queued)
    assert kept.prediction.scope == {"score": 2.5, "limit": 1.0, "distance": 2.0, "energy": 0.5}
    assert (kept.abstain_reason, case_of(queued).flagged, case_of(queued).tier) == ("out_of_scope", True, "")


def test_each_step_is_told_while_it_runs(queued, monkeypatch):
    seen = []
    original = leases.Lease.extend
    monkeypatch.setattr(
        leases.Lease, "extend", lambda self, *, step=None: (seen.append(step), original(self, step=step))[1]
    )
    analyses.perform_analysis(queued.pk)
    assert [step for step in seen if step] == ["quality", "network", "gradcam"]


def test_running_it_twice_changes_nothing(queued):
    tasks.analyse(str(queued.pk))
    before = (Prediction.objects.get().pk, AuditEvent.objects.count())
    tasks.analyse(str(queued.pk))
    assert (Prediction.objects.get().pk, AuditEvent.objects.count()) == before
    assert Explanation.objects.count() == QualityCheck.objects.count() == 1


def test_an_id_that_is_gone_is_no_error(active_model):
    assert analyses.perform_analysis(uuid.uuid4()) is False


def test_equal_input_gives_an_equal_answer(north, queued, active_model):
    analyses.perform_analysis(queued.pk)
    again = AnalysisFactory(image=LesionImageFactory(case__patient__clinic=north.clinic), model_version=active_model)
    Analysis.objects.filter(pk=again.pk).update(metadata=queued.metadata)
    again.image.file.storage.delete(again.image.file.name)
    with queued.image.file.open("rb") as file:
        again.image.file.storage.save(again.image.file.name, file)
    analyses.perform_analysis(again.pk)
    assert now_there(again).prediction.probabilities == now_there(queued).prediction.probabilities


def test_two_workers_at_once_give_one_result(transactional_db, queued):
    done, start = [], threading.Barrier(4)

    def work():
        try:
            start.wait()
            done.append(analyses.perform_analysis(queued.pk))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [False, False, False, True]
    assert Prediction.objects.count() == 1
    assert AuditEvent.objects.filter(action=Action.ANALYSIS_STARTED).count() == 1


def test_a_late_twin_finds_its_lease_gone(queued):
    slow, lease = claim_analysis(queued.pk)
    result = analyses._compute(slow, lease)
    Analysis.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert sweep.take_back_expired_leases() == 1
    assert analyses.perform_analysis(queued.pk) is True
    kept = Prediction.objects.get().pk
    assert analyses._record(slow, lease, result) is False
    assert analyses.fail_analysis(lease, reason="late", passing=False) is False
    assert lease.extend() is False
    assert Prediction.objects.get().pk == kept
    assert now_there(queued).attempt == 2


def test_a_fault_that_may_pass_is_tried_again_and_then_given_up(queued, broken_network, caplog):
    broken_network(OperationalError("the database is away"))
    for attempt in (1, 2):
        analyses.perform_analysis(queued.pk)
        waiting = now_there(queued)
        assert (waiting.state, waiting.attempt, waiting.published_at) == ("queued", attempt, None)
        assert case_of(queued).state == "submitted"
    analyses.perform_analysis(queued.pk)
    failed = now_there(queued)
    assert (failed.state, failed.attempt) == ("failed", 3)
    assert failed.error == "It stopped with an unexpected error."
    assert "the database is away" in caplog.text
    assert analyses.perform_analysis(queued.pk) is False


def test_a_result_that_cannot_be_stored_says_so(queued, monkeypatch, caplog):
    def refuse(_):
        raise OperationalError("the disk of the database is full")

    monkeypatch.setattr(analyses, "as_fields", refuse)
    analyses.perform_analysis(queued.pk)
    waiting = now_there(queued)
    assert (waiting.state, waiting.attempt, waiting.lease_token) == ("queued", 1, None)
    for _ in range(2):
        analyses.perform_analysis(queued.pk)
    assert now_there(queued).error == "Its result could not be stored."
    assert "the disk of the database is full" in caplog.text
    assert not Prediction.objects.exists()
    assert case_of(queued).state == "ready"


def test_a_failed_analysis_still_reaches_the_dermatologist(queued, broken_network, caplog):
    broken_network(ValueError("age: 400 is not between 0 and 120 years."))
    analyses.perform_analysis(queued.pk)
    failed, case = now_there(queued), case_of(queued)
    assert (failed.state, failed.attempt, failed.error) == ("failed", 1, "age: 400 is not between 0 and 120 years.")
    assert (case.state, case.tier, case.flagged, case.malignancy) == ("ready", "", True, None)


def test_a_lost_file_fails_with_its_reason(queued):
    queued.image.file.storage.delete(queued.image.file.name)
    analyses.perform_analysis(queued.pk)
    assert now_there(queued).state == "failed"


def test_a_bundle_that_was_altered_fails_loudly(queued, active_model):
    runtime._predictors.clear()
    type(active_model).objects.update(sha256="0" * 64)
    analyses.perform_analysis(queued.pk)
    assert "not the one that was registered" in now_there(queued).error


def test_a_dark_picture_is_refused_and_never_routine(north, active_model):
    case = CaseFactory(patient__clinic=north.clinic)
    lesion = LesionFactory(patient=case.patient)
    images.attach_image(actor=north.staff, case=case, lesion=lesion, data=dark_jpeg(), image_type="dermoscopic")
    submission.submit_case(actor=north.staff, case=case)
    analysis = Analysis.objects.get()
    analyses.perform_analysis(analysis.pk)
    analysis, case = now_there(analysis), case_of(analysis)
    assert (analysis.state, analysis.abstain_reason) == ("abstained", "low_quality")
    assert analysis.image.quality_check.verdict == "rejected"
    assert analysis.prediction.tier == ""
    assert (case.state, case.tier, case.flagged) == ("ready", "", True)


def test_a_close_up_is_never_scored_but_still_seen(north, active_model):
    case = CaseFactory(patient__clinic=north.clinic)
    LesionImageFactory(case=case, image_type="clinical: close-up")
    submission.submit_case(actor=north.staff, case=case)
    analyses.perform_analysis(Analysis.objects.get().pk)
    assert Analysis.objects.get().abstain_reason == "modality"
    assert case_of(Analysis.objects.get()).state == "ready"


def test_an_overview_beside_a_dermoscopic_image_is_no_silence(north, active_model):
    case = CaseFactory(patient__clinic=north.clinic)
    image = LesionImageFactory(case=case)
    LesionImageFactory(case=case, lesion=image.lesion, image_type="clinical: overview")
    submission.submit_case(actor=north.staff, case=case)
    for analysis in Analysis.objects.all():
        analyses.perform_analysis(analysis.pk)
    case.refresh_from_db()
    assert case.tier == image.analyses.get().prediction.tier != ""


def test_the_case_waits_for_its_last_image(north, active_model):
    case = CaseFactory(patient__clinic=north.clinic)
    LesionImageFactory.create_batch(2, case=case)
    submission.submit_case(actor=north.staff, case=case)
    first, second = Analysis.objects.all()
    analyses.perform_analysis(first.pk)
    case.refresh_from_db()
    assert case.state == "submitted"
    analyses.perform_analysis(second.pk)
    case.refresh_from_db()
    assert case.state == "ready"


def test_a_lost_worker_is_noticed_once(queued):
    claim_analysis(queued.pk)
    assert sweep.take_back_expired_leases() == 0
    Analysis.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert (sweep.take_back_expired_leases(), sweep.take_back_expired_leases()) == (1, 0)
    assert now_there(queued).state == "queued"


def test_a_lease_that_is_renewed_while_the_sweeper_looks_is_left_alone(queued, monkeypatch):
    _, lease = claim_analysis(queued.pk)
    Analysis.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    original = sweep.fail_analysis

    def heartbeat_comes_first(*args, **options):
        assert lease.extend()
        return original(*args, **options)

    monkeypatch.setattr(sweep, "fail_analysis", heartbeat_comes_first)
    assert sweep.take_back_expired_leases() == 0
    assert (now_there(queued).state, now_there(queued).lease_token) == ("running", lease.token)


def test_a_worker_lost_three_times_ends_the_analysis(queued):
    for _ in range(3):
        claim_analysis(queued.pk)
        Analysis.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        sweep.take_back_expired_leases()
    ended = now_there(queued)
    assert (ended.state, ended.attempt) == ("failed", 3)
    assert "lost 3 times" in ended.error
    assert claim_analysis(queued.pk) is None
    assert case_of(queued).state == "ready"


def test_a_case_past_its_deadline_goes_on_without_the_network(queued):
    assert sweep.ready_overdue_cases() == 0
    Case.objects.update(analysis_deadline=timezone.now() - timedelta(seconds=1))
    assert (sweep.ready_overdue_cases(), sweep.ready_overdue_cases()) == (1, 0)
    case = case_of(queued)
    assert (case.state, case.tier, case.flagged) == ("ready", "", True)
    analyses.perform_analysis(queued.pk)  # the answer comes late, and is still told
    case.refresh_from_db()
    assert (case.state, case.malignancy) == ("ready", now_there(queued).prediction.malignancy)


def test_one_bad_row_never_stops_a_sweep(north, active_model, monkeypatch, caplog):
    cases = CaseFactory.create_batch(3, patient__clinic=north.clinic, submitted=True)
    Case.objects.update(analysis_deadline=timezone.now() - timedelta(seconds=1))
    original = sweep.settle_case

    def fails_on_the_first(pk, **options):
        if pk == min(case.pk for case in cases):
            raise RuntimeError("a bad row")
        return original(pk, **options)

    monkeypatch.setattr(sweep, "settle_case", fails_on_the_first)
    assert sweep.ready_overdue_cases() == 2
    assert "a bad row" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_heartbeat_keeps_the_lease_until_it_is_lost(queued, settings):
    settings.ANALYSIS_LEASE_SECONDS, settings.ANALYSIS_HEARTBEAT_SECONDS = 30, 0.05
    _, lease = claim_analysis(queued.pk)
    Analysis.objects.update(lease_until=timezone.now() - timedelta(seconds=5))
    with Heartbeat(lease) as heartbeat:
        _wait_until(lambda: now_there(queued).lease_until > timezone.now())
        Analysis.objects.update(lease_token=uuid.uuid4())
        _wait_until(lambda: not heartbeat._thread.is_alive())


def _wait_until(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


def test_retry_gives_a_failed_analysis_all_its_attempts_again(north, queued):
    Analysis.objects.update(state="failed", attempt=3, error="The worker was lost.")
    Case.objects.update(state="ready", analysis_deadline=None)
    retried = analyses.retry_analysis(actor=north.staff, analysis=queued)
    assert (retried.state, retried.attempt, retried.error) == ("queued", 0, "")
    assert Analysis.objects.never_published().count() == 1
    analyses.perform_analysis(queued.pk)
    assert (now_there(queued).state, now_there(queued).attempt) == ("succeeded", 1)


@pytest.mark.parametrize("state", ["queued", "running", "succeeded", "abstained", "superseded"])
def test_only_a_failed_analysis_is_retried(north, active_model, state):
    traits = {state: True} if state in ("running", "succeeded", "abstained") else {"state": state}
    analysis = AnalysisFactory(image__case__patient__clinic=north.clinic, **traits)
    with pytest.raises(Conflict):
        analyses.retry_analysis(actor=north.staff, analysis=analysis)
    assert now_there(analysis).state == state


def test_retry_is_not_for_strangers_nor_for_decided_cases(north, south, queued):
    Analysis.objects.update(state="failed", error="It failed.")
    with pytest.raises(NotFound):
        analyses.retry_analysis(actor=south.staff, analysis=queued)
    with pytest.raises(Forbidden):
        analyses.retry_analysis(actor=north.auditor, analysis=queued)
    Case.objects.update(state="decided", decided_at=timezone.now())
    with pytest.raises(Conflict, match="decided"):
        analyses.retry_analysis(actor=north.staff, analysis=queued)


def test_each_transition_is_one_event_and_the_chain_is_whole(north, queued, broken_network, monkeypatch, caplog):
    broken_network(OSError("disk"))
    analyses.perform_analysis(queued.pk)
    monkeypatch.undo()
    analyses.perform_analysis(queued.pk)
    told = AuditEvent.objects.about(queued.pk).order_by("seq").values_list("action", flat=True)
    assert list(told) == [
        "analysis_queued",
        "analysis_started",
        "analysis_queued",
        "analysis_started",
        "analysis_succeeded",
    ]
    assert verify_chain(north.clinic).ok


def test_the_database_knows_one_analysis_per_image_and_model(queued):
    with pytest.raises(IntegrityError), transaction.atomic():
        AnalysisFactory(image=queued.image, model_version=queued.model_version)
    Analysis.objects.update(state="superseded")
    assert AnalysisFactory(image=queued.image, model_version=queued.model_version).pk


def test_a_superseded_move_names_nothing(queued):
    queued.state = "superseded"
    with pytest.raises(IllegalTransition, match="final"):
        queued.check_move("queued")
