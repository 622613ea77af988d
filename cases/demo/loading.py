"""Putting demonstration cases into the demo clinic."""

from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from django.utils import timezone

from cases.demo.day import INVENTED, cases_of_the_day
from cases.demo.filing import DemoCase, file_case
from cases.demo.ham10000 import ham10000_cases
from cases.models import Clinic, ModelVersion, Patient, User
from cases.vocabulary import Role


def load_day(clinic: Clinic, *, count: int | None = None) -> int:
    """A day's cases, or the first of them, for a clinic that has no other patient; returns how many were filed.

    What an earlier start filed stays, and where it was broken off this one goes on.
    """
    if Patient.objects.of_clinic(clinic).exclude(identifier__startswith=INVENTED).exists():
        return 0
    return _file_all(islice(cases_of_the_day(timezone.localdate()), count), clinic)


def load_ham10000(clinic: Clinic, folder: Path, *, count: int) -> int:
    """Real cases, those first that the active network has not seen in training; returns how many are new."""
    active = ModelVersion.objects.of_clinic(clinic).active().first()
    unseen = active.manifest.get("training_data", {}).get("test_images", []) if active else []
    cases = ham10000_cases(folder, count=count, today=timezone.localdate(), unseen=frozenset(unseen))
    return _file_all(cases, clinic)


def _file_all(cases: Iterable[DemoCase], clinic: Clinic) -> int:
    staff = User.objects.filter(membership__clinic=clinic, membership__role=Role.STAFF).first()
    return sum(file_case(case, actor=staff) is not None for case in cases)
