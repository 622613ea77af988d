"""Wake-up calls: none is forgotten, and a long queue is not taken for a lost one."""

from datetime import timedelta

import pytest
from django.utils import timezone

from cases import workflows
from cases.models import Analysis
from tests.factories import AnalysisFactory, LesionImageFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def queued(north, active_model):
    """An analysis that no message was sent for."""
    return AnalysisFactory(image__case__patient__clinic=north.clinic, model_version=active_model)


def test_the_sweeper_publishes_what_was_never_published(queued, monkeypatch):
    sent = []
    monkeypatch.setattr(workflows.analyse, "apply_async", lambda args, **_: sent.append(args[0]))
    assert workflows.sweep_once()["analyses_published"] == 1
    assert workflows.sweep_once()["analyses_published"] == 0
    assert sent == [str(queued.pk)]


@pytest.mark.parametrize(
    ("busy", "silence", "published"), [(False, 31, 1), (True, 31, 0), (True, 301, 1), (False, 5, 0)]
)
def test_a_message_that_was_lost_is_sent_again(queued, monkeypatch, busy, silence, published):
    monkeypatch.setattr(workflows.analyse, "apply_async", lambda *_, **__: None)
    if busy:
        AnalysisFactory(image=LesionImageFactory(), running=True)
    Analysis.objects.queued().update(published_at=timezone.now() - timedelta(seconds=silence))
    assert workflows.publish_waiting() == published


@pytest.mark.parametrize("moment", ["started_at", "finished_at"])
@pytest.mark.parametrize(("seconds_ago", "published"), [(29, 0), (31, 1)])
def test_between_two_tasks_the_queue_is_alive(queued, monkeypatch, moment, seconds_ago, published):
    monkeypatch.setattr(workflows.analyse, "apply_async", lambda *_, **__: None)
    then = timezone.now() - timedelta(seconds=seconds_ago)
    AnalysisFactory(image=LesionImageFactory(), succeeded=True, **{moment: then})
    Analysis.objects.queued().update(published_at=timezone.now() - timedelta(seconds=60))
    assert workflows.publish_waiting() == published


def test_with_the_broker_away_a_sweep_tries_once(north, active_model, monkeypatch):
    tried = []

    def away(args, **_):
        tried.append(args)
        raise OSError("refused")

    monkeypatch.setattr(workflows.analyse, "apply_async", away)
    AnalysisFactory.create_batch(3, image__case__patient__clinic=north.clinic)
    assert workflows.publish_waiting() == 0
    assert len(tried) == 1
