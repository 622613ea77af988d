"""A clinic of its own with one dermatologist and a queue to read, put straight into the database.

    python -m tests.long_queue USERNAME PASSWORD COUNT

The network is not asked: what is watched is the reader's way through the queue.
"""

import sys
from datetime import timedelta

import django

PICTURE = (600, 450)  # pixels, as in HAM10000


def fill(username: str, password: str, count: int) -> None:
    """`count` cases that wait, each with an image, an answer and its heatmap."""
    from cases.states import ModelStage
    from cases.vocabulary import Role
    from tests.factories import ClinicFactory, ModelVersionFactory, UserFactory

    clinic = ClinicFactory(name="A long queue", slug=username)
    staff = UserFactory(username=f"{username}-staff", clinic=clinic)
    UserFactory(username=username, password=password, clinic=clinic, role=Role.DERMATOLOGIST)
    version = ModelVersionFactory(clinic=clinic, stage=ModelStage.ACTIVE)
    for number in range(count):
        _add_case(staff, version, number)


def _add_case(staff, version, number: int) -> None:
    from django.utils import timezone

    from cases.pictures import clean_picture
    from inference.vocabulary import SEVERITY
    from tests.drawings import jpeg
    from tests.factories import AnalysisFactory, CaseFactory, ExplanationFactory, LesionImageFactory, PredictionFactory

    case = CaseFactory(
        ready=True,
        patient__clinic=version.clinic,
        patient__created_by=staff,
        tier="soon",
        malignancy=0.4 + number / 1000,
        flagged=True,
        flag_threshold=0.3,
        submitted_at=timezone.now() - timedelta(minutes=number),
    )
    image = LesionImageFactory(case=case, _picture=clean_picture(jpeg(number, PICTURE)))
    analysis = AnalysisFactory(image=image, succeeded=True, model_version=version)
    answer = {"diagnosis": "bkl", "prediction_set": [code for code in SEVERITY if code in ("bcc", "bkl")]}
    PredictionFactory(analysis=analysis, tier="soon", malignancy=case.malignancy, **answer)
    ExplanationFactory(analysis=analysis)


if __name__ == "__main__":
    django.setup()
    fill(sys.argv[1], sys.argv[2], int(sys.argv[3]))
