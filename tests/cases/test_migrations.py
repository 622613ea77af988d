"""What a migration does to the rows that are there already."""

import importlib

import pytest
from django.apps import apps

from cases.models import Case
from cases.services.assessment import settle_case
from tests.factories import AnalysisFactory, CaseFactory, LesionImageFactory, PredictionFactory

pytestmark = pytest.mark.django_db


def test_silence_is_found_in_the_cases_that_were_assessed_before(north):
    draft, unanswered, beside, overview, answered = (
        CaseFactory(patient__clinic=north.clinic, **kept) for kept in ({}, *[{"submitted": True}] * 4)
    )
    AnalysisFactory(image=LesionImageFactory(case=unanswered), abstained=True)
    for case in (beside, overview, answered):
        image = LesionImageFactory(case=case)
        PredictionFactory(analysis__image=image, malignancy=0.05, tier="urgent")
    AnalysisFactory(image=LesionImageFactory(case=beside), failed=True)
    same = LesionImageFactory(case=overview, lesion=overview.images.get().lesion)
    AnalysisFactory(image=same, abstained=True, abstain_reason="modality")
    for case in (unanswered, beside, overview, answered):
        settle_case(case.pk)
    assessed = set(Case.objects.filter(silent=True))
    assert assessed == {unanswered, beside}

    Case.objects.update(silent=False)
    importlib.import_module("cases.migrations.0003_case_silent").fill(apps, None)
    assert set(Case.objects.filter(silent=True)) == assessed
    assert draft not in assessed
