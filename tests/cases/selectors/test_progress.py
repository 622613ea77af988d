"""How far the network is, and how many come first."""

from datetime import timedelta

import pytest
from django.utils import timezone

from cases.models import Analysis, Case
from cases.selectors.progress import case_progress, place_in_queue
from tests.factories import AnalysisFactory, CaseFactory, LesionImageFactory

pytestmark = pytest.mark.django_db


def test_each_image_has_its_step(north):
    case = CaseFactory(patient__clinic=north.clinic, submitted=True)
    AnalysisFactory(image__case=case, running=True, step="network")
    progress = case_progress(case)
    (row,) = progress.images
    assert [(str(step), standing) for step, standing in row.steps] == [
        ("queued", "done"),
        ("quality", "done"),
        ("network", "current"),
        ("gradcam", "waiting"),
        ("done", "waiting"),
    ]
    assert (progress.ended, progress.total, progress.place, progress.is_over) == (0, 1, None, False)


def test_an_ended_analysis_has_every_step_behind_it(north):
    case = CaseFactory(patient__clinic=north.clinic, ready=True)
    AnalysisFactory(image__case=case, failed=True)
    progress = case_progress(case)
    assert {standing for _, standing in progress.images[0].steps} == {"done"}
    assert progress.is_over


def test_the_place_counts_who_came_first(north, south):
    before = AnalysisFactory(image__case__patient__clinic=south.clinic)
    running = AnalysisFactory(image__case__patient__clinic=south.clinic, running=True)
    mine = AnalysisFactory(image__case__patient__clinic=north.clinic)
    after = AnalysisFactory(image__case__patient__clinic=north.clinic)
    now = timezone.now()
    for age, analysis in enumerate((after, mine, running, before)):
        Analysis.objects.filter(pk=analysis.pk).update(created_at=now - timedelta(seconds=age))
    places = [place_in_queue(Analysis.objects.get(pk=a.pk)) for a in (before, running, mine, after)]
    assert places == [1, None, 3, 4]


def test_a_superseded_analysis_does_not_count(north):
    case = CaseFactory(patient__clinic=north.clinic, ready=True)
    image = LesionImageFactory(case=case)
    AnalysisFactory(image=image, state="superseded")
    kept = AnalysisFactory(image=image, succeeded=True)
    assert case_progress(Case.objects.get()).images[0].analysis == kept


def test_an_image_without_a_model_has_no_analysis(north):
    case = CaseFactory(patient__clinic=north.clinic, ready=True)
    LesionImageFactory(case=case)
    progress = case_progress(case)
    assert (progress.images[0].analysis, progress.total, progress.is_over) == (None, 0, True)
