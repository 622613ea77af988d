"""Real workers, killed without warning: every analysis ends once, on the file broker and on Redis."""

import os
import signal
import sys

import pytest
from django.db import connection

from cases.models import Analysis, AuditEvent, Case, Prediction
from cases.selectors.audit import verify_chain
from cases.services import submission
from cases.vocabulary import Action
from tests.factories import CaseFactory, LesionFactory, LesionImageFactory
from tests.processes import FILE_BROKER, SWEEPER, WORKER, Process, database_url, wait_until

pytestmark = [pytest.mark.work, pytest.mark.django_db(transaction=True)]

OTHER_BROKER = os.environ.get("CELERY_BROKER_URL", "")
BROKERS = [FILE_BROKER] + ([OTHER_BROKER] if OTHER_BROKER.startswith("redis") else [])


@pytest.fixture(params=BROKERS, ids=lambda url: url.split(":")[0])
def broker(request):
    return request.param


@pytest.fixture
def start(broker, tmp_path, media):
    """`start(WORKER)`: the process, on this test's database, broker and media."""
    env = {
        "DJANGO_SETTINGS_MODULE": "skinclinic.settings.testing",
        "DATABASE_URL": database_url(connection.settings_dict),
        "CELERY_BROKER_URL": broker,
        "DATA_DIR": str(tmp_path),
        "ANALYSIS_LEASE_SECONDS": "1.5",
        "SWEEP_SECONDS": "0.2",
        "REPUBLISH_IDLE_SECONDS": "2",
        "WORKER_CONCURRENCY": "1",
    }
    assert media == tmp_path / "media"
    return lambda command: Process(command, env, tmp_path / "processes.log")


def submit(north, images=1):
    case = CaseFactory(patient__clinic=north.clinic)
    lesion = LesionFactory(patient=case.patient)
    for _ in range(images):
        LesionImageFactory(case=case, lesion=lesion)
    submission.submit_case(actor=north.staff, case=case)
    return case


def states():
    return sorted(Analysis.objects.values_list("state", flat=True))


def ended_well(count):
    return states() == ["succeeded"] * count


def assert_each_ended_once(clinic, count):
    assert Prediction.objects.count() == count
    for pk in Analysis.objects.values_list("pk", flat=True):
        assert AuditEvent.objects.about(pk).filter(action=Action.ANALYSIS_SUCCEEDED).count() == 1
    assert set(Case.objects.values_list("state", flat=True)) == {"ready"}
    assert verify_chain(clinic).ok


def test_a_worker_finishes_what_was_submitted(north, active_model, start):
    submit(north, images=2)
    with start(SWEEPER), start(WORKER):
        wait_until(lambda: ended_well(2))
    assert set(Analysis.objects.values_list("attempt", flat=True)) == {1}
    assert_each_ended_once(north.clinic, 2)


def test_a_worker_killed_in_the_middle_loses_nothing(north, active_model, start):
    """The first analysis of a fresh worker opens the network after its claim: long enough to be hit."""
    submit(north)
    with start(SWEEPER), start(WORKER) as worker:
        wait_until(lambda: Analysis.objects.running().exists(), every=0.005)
        worker.kill()
        hit = Analysis.objects.get()
        assert hit.state == "running", "the kill came too late to test anything"
        with start(WORKER):
            wait_until(lambda: ended_well(1))
    assert Analysis.objects.get().attempt == 2
    assert_each_ended_once(north.clinic, 1)


def test_a_child_killed_in_the_middle_loses_nothing(north, active_model, start):
    submit(north)
    with start(SWEEPER), start(WORKER) as worker:
        wait_until(lambda: Analysis.objects.running().exists(), every=0.005)
        for child in worker.children():
            os.kill(child, signal.SIGKILL)
        assert Analysis.objects.get().state == "running", "the kill came too late to test anything"
        wait_until(lambda: ended_well(1))
        assert worker.returncode is None
    assert Analysis.objects.get().attempt == 2
    assert_each_ended_once(north.clinic, 1)


def test_workers_killed_again_and_again(north, active_model, start):
    """Each worker is killed in its first analysis; the attempts are spread, so that none runs out of them."""
    for _ in range(4):
        submit(north)
    with start(SWEEPER):
        for _ in range(2):
            with start(WORKER):
                wait_until(lambda: Analysis.objects.running().exists(), every=0.005)
            wait_until(lambda: not Analysis.objects.running().exists())
        with start(WORKER):
            wait_until(lambda: ended_well(4))
    assert_each_ended_once(north.clinic, 4)


def test_without_the_sweeper_a_killed_worker_loses_its_work(north, active_model, start):
    """This shows that the tests above can fail: it is the sweeper that saves them."""
    submit(north)
    with start(SWEEPER), start(WORKER):
        wait_until(lambda: Analysis.objects.running().exists(), every=0.005)
    with start(WORKER), pytest.raises(AssertionError, match="did not come true"):
        wait_until(lambda: ended_well(1), seconds=6)
    assert states() == ["running"]


def test_a_broker_that_forgets_everything_loses_nothing(north, active_model, start, broker, tmp_path):
    submit(north, images=3)
    with start(SWEEPER):
        wait_until(lambda: not Analysis.objects.never_published().exists())
        _forget(broker, tmp_path)
        with start(WORKER):
            wait_until(lambda: ended_well(3))
    assert_each_ended_once(north.clinic, 3)


def _forget(broker, data_dir):
    if broker == FILE_BROKER:
        messages = list((data_dir / "broker" / "messages").iterdir())
        assert messages
        for message in messages:
            message.unlink()
        return
    import redis

    with redis.Redis.from_url(broker) as connected:
        assert connected.delete("analyses") == 1


def test_a_web_process_killed_between_commit_and_publish_loses_nothing(north, active_model, start):
    case = CaseFactory(patient__clinic=north.clinic)
    LesionImageFactory(case=case)
    dies = (
        "import django, os, signal; django.setup(); from cases import models, workflows;"
        "workflows.publish_analysis = lambda pk: os.kill(os.getpid(), signal.SIGKILL);"
        f"case = models.Case.objects.get(pk='{case.pk}');"
        "workflows.submit_case(actor=case.created_by, case=case)"
    )
    with start([sys.executable, "-c", dies]) as web:
        assert web.wait(60) == -signal.SIGKILL
    assert Analysis.objects.never_published().count() == 1
    with start(SWEEPER), start(WORKER):
        wait_until(lambda: ended_well(1))
    assert_each_ended_once(north.clinic, 1)


def test_a_worker_that_is_asked_to_end_finishes_first(north, active_model, start):
    submit(north)
    with start(SWEEPER), start(WORKER) as worker:
        wait_until(lambda: Analysis.objects.running().exists(), every=0.005)
        worker.send(signal.SIGTERM)
        assert worker.wait(30) == 0
    assert ended_well(1)
    assert Analysis.objects.get().attempt == 1


def test_a_broker_that_is_down_costs_the_user_nothing(tmp_path):
    """Nothing listens there; the call gives up without a second try of minutes, and says so to the log only."""
    probe = (
        "import django, time; django.setup(); from cases.workflows import publish_analysis;"
        "start = time.monotonic(); sent = publish_analysis('0' * 32); print(sent, time.monotonic() - start)"
    )
    env = {
        "DJANGO_SETTINGS_MODULE": "skinclinic.settings.testing",
        "DATA_DIR": str(tmp_path),
        "CELERY_BROKER_URL": "redis://127.0.0.1:1/0",
    }
    with Process([sys.executable, "-c", probe], env, tmp_path / "probe.log") as process:
        assert process.wait(60) == 0
    sent, seconds = process.output.split()[-2:]
    assert sent == "False"
    assert float(seconds) < 20, "it waits for the broker"
