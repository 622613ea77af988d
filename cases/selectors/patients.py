"""The register as people read it: newest first, with what is open for each patient."""

from django.db.models import Count, OuterRef, Prefetch, QuerySet, Subquery
from django.db.models.functions import Coalesce

from cases.models import Case, Lesion, LesionImage, Patient, User
from cases.permissions import may, visible_cases, visible_images, visible_lesions, visible_patients
from cases.selectors.retakes import retakes_with_people, with_replaced
from cases.selectors.veils import with_veils
from cases.states import CaseState

FINISHED = (CaseState.CLOSED, CaseState.CANCELLED, CaseState.ENTERED_IN_ERROR)


def register_of(user: User) -> QuerySet[Patient]:
    """Every patient of the clinic, the newest first, with counts of lesions and of cases that are not finished.

    Counted for the patients that are shown, and not by joining everybody's lesions and cases before the first page.
    """
    lesions = visible_lesions(user).filter(patient=OuterRef("pk"))
    cases = visible_cases(user).filter(patient=OuterRef("pk"))
    return visible_patients(user).annotate(
        lesion_count=_counted(lesions),
        open_cases=_counted(cases.exclude(state__in=FINISHED)),
        last_case_at=Subquery(cases.order_by("-created_at").values("created_at")[:1]),
    )


def _counted(rows: QuerySet) -> Coalesce:
    of_patient = rows.order_by().values("patient").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(of_patient), 0)


def patients_matching(user: User, words: str) -> QuerySet[Patient]:
    """By pseudonym for everybody; by identifier and names only for those who may know who it is."""
    register = register_of(user)
    return register.matching(words) if may(user, "view_identity") else register.with_pseudonym(words)


def lesions_of(user: User, patient: Patient) -> list[Lesion]:
    """The patient's lesions in the order of their numbers, each with its images, newest first."""
    images = with_replaced(visible_images(user)).select_related("case").order_by("-uploaded_at", "id")
    lesions = visible_lesions(user).filter(patient=patient).order_by("number")
    found = list(lesions.prefetch_related(Prefetch("images", images)))
    with_veils(user, [image for lesion in found for image in lesion.images.all()])
    return found


def cases_of(user: User, patient: Patient) -> QuerySet[Case]:
    images: QuerySet[LesionImage] = visible_images(user).select_related("lesion")
    retakes = Prefetch("retakes", retakes_with_people(user))
    return visible_cases(user).filter(patient=patient).prefetch_related(Prefetch("images", images), retakes)
