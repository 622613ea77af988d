"""What tests of the API share."""

from pathlib import Path

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile

from cases.models import Analysis
from cases.services.analyses import perform_analysis
from tests.drawings import jpeg
from tests.factories import AnalysisFactory, CaseFactory, ExplanationFactory, LesionFactory, PredictionFactory


@pytest.fixture
def upload(api):
    """`upload(user, case, lesion, data)` posts a picture as a form, as programs do."""

    def post(user, case, lesion, data=None, *, headers=None, **fields):
        file = SimpleUploadedFile("IMG_0001.jpg", jpeg() if data is None else data, content_type="image/jpeg")
        form = {"file": file, "lesion": str(getattr(lesion, "pk", lesion)), "image_type": "dermoscopic", **fields}
        form = {name: value for name, value in form.items() if value is not None}
        return api(user).post(f"/api/v1/cases/{case.pk}/images/", form, format="multipart", headers=headers)

    return post


@pytest.fixture
def draft(north):
    """A draft with a lesion to photograph."""
    case = CaseFactory(patient__clinic=north.clinic)
    case.lesion = LesionFactory(patient=case.patient)
    return case


@pytest.fixture
def answered(north):
    """A ready case whose one analysis has an answer."""
    return answered_case(north.clinic)


def answered_case(clinic, **case_fields):
    case = CaseFactory(patient__clinic=clinic, ready=True, tier="routine", malignancy=0.2, **case_fields)
    analysis = AnalysisFactory(succeeded=True, image__case=case)
    PredictionFactory(analysis=analysis)
    ExplanationFactory(analysis=analysis)
    case.analysis = analysis
    return case


@pytest.fixture
def rows_and_files(media):
    """`rows_and_files()` counts every row of the clinic's tables, the audit trail aside, and every stored file."""

    def count():
        trail = {"auditevent", "auditchain"}
        models = [model for model in apps.get_app_config("cases").get_models() if model._meta.model_name not in trail]
        rows = {model._meta.model_name: model.objects.count() for model in models}
        return rows, sorted(path for path in Path(media).rglob("*") if path.is_file())

    return count


@pytest.fixture
def work():
    """`work(case)` does what workers would."""

    def perform(case_id):
        for analysis in Analysis.objects.queued().filter(image__case=case_id):
            perform_analysis(analysis.pk)

    return perform
