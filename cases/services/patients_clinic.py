"""Holding that the clinic written down with a case is that of its patient: a clinic's lists are read by it.

Services write it as a case begins, and it never changes; a row that was loaded or changed past them may hold another.
"""

import logging

from django.db.models import F, OuterRef, QuerySet, Subquery

from cases.batches import pieces
from cases.models import Case, Patient

logger = logging.getLogger(__name__)

_MOST = 20_000  # rows in one go


def ensure_right() -> str:
    """RuntimeError, with what becomes of it, if a case stands in the lists of a clinic that is not its patient's."""
    wrong = sum(_wrong(some).count() for some in pieces(Case.objects.all(), _MOST))
    if wrong:
        raise RuntimeError(
            f"{wrong} cases are listed in a clinic that is not their patient's. The sweeper puts them right within the "
            "hour; `manage.py sweep --once` does it now."
        )
    return "every case is listed in its patient's clinic"


def put_right() -> int:
    """Each such case into the lists of its patient's clinic; returns how many were not."""
    of_patient = Patient.objects.order_by().filter(pk=OuterRef("patient")).values("clinic")
    put = sum(_wrong(some).update(patients_clinic=Subquery(of_patient)) for some in pieces(Case.objects.all(), _MOST))
    if put:
        logger.error("cases: %s were listed in a clinic that is not their patient's; they are put right", put)
    return put


def _wrong(cases: QuerySet[Case]) -> QuerySet[Case]:
    return cases.exclude(patients_clinic=F("patient__clinic"))
