"""Who may see what, and who may do what: one filter per model, one table of acts.

The object check is "is it in the list", so a stranger's object does not exist, and list and detail cannot disagree.
"""

from typing import Final

from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet

from cases import models
from cases.errors import Forbidden, NotFound
from cases.vocabulary import Role

_CARE: Final = (Role.STAFF, Role.DERMATOLOGIST, Role.ADMIN)
_TRAIL: Final = (Role.ADMIN, Role.AUDITOR)
_ANYONE: Final = tuple(Role)

ACTS: Final[dict[str, tuple[Role, ...]]] = {
    "view_home": _ANYONE,
    "view_patients": _CARE,
    "view_identity": (Role.STAFF, Role.DERMATOLOGIST),  # who the pseudonym is
    "view_cases": _CARE,
    "reveal_image": _CARE,
    "mark_recognisable": (Role.STAFF, Role.DERMATOLOGIST),
    "set_scale": (Role.STAFF, Role.DERMATOLOGIST),
    "register_patient": (Role.STAFF, Role.DERMATOLOGIST),
    "record_consent": (Role.STAFF, Role.DERMATOLOGIST),
    "register_lesion": (Role.STAFF, Role.DERMATOLOGIST),
    "open_case": (Role.STAFF, Role.DERMATOLOGIST),
    "edit_case": (Role.STAFF, Role.DERMATOLOGIST),
    "attach_image": (Role.STAFF, Role.DERMATOLOGIST),
    "submit_case": (Role.STAFF, Role.DERMATOLOGIST),
    "cancel_case": (Role.STAFF, Role.DERMATOLOGIST),
    "retry_analysis": (Role.STAFF, Role.DERMATOLOGIST, Role.ADMIN),
    "explain_analysis": (Role.DERMATOLOGIST,),
    "view_worklist": (Role.DERMATOLOGIST, Role.ADMIN, Role.STAFF),
    "save_filter": (Role.DERMATOLOGIST, Role.ADMIN, Role.STAFF),
    "claim_case": (Role.DERMATOLOGIST,),
    "release_case": (Role.DERMATOLOGIST,),
    "record_read": (Role.DERMATOLOGIST,),
    "request_images": (Role.DERMATOLOGIST,),
    "withdraw_request": (Role.DERMATOLOGIST,),
    "decline_retake": (Role.STAFF, Role.DERMATOLOGIST),
    "close_case": (Role.DERMATOLOGIST,),
    "view_audit": _TRAIL,
    "create_audit_report": _TRAIL,
    "view_models": _ANYONE,
    "register_model": (Role.ADMIN,),
    "activate_model": (Role.ADMIN,),
    "answer_usability": (Role.STAFF, Role.DERMATOLOGIST),
    "view_usability": (Role.ADMIN,),
    "view_design": (Role.ADMIN,),
}


def may(user, act: str) -> bool:
    """Does the role carry this act at all? Which objects it reaches is the filters' answer."""
    return user.is_active and user.role in ACTS[act]


def ensure_may(user, act: str) -> None:
    if not may(user, act):
        who = " or ".join(role.label.lower() for role in ACTS[act])
        yours = Role(user.role).label.lower() if user.role else "of no clinic"
        raise Forbidden(f"This needs the role {who}; your login is {yours}.")


def _visible(queryset: QuerySet, user, *, path: str, roles: tuple[Role, ...]) -> QuerySet:
    """Rows whose clinic is the user's, if the role sees this kind of row at all."""
    clinic = user.clinic if user.is_authenticated else None
    if clinic is None or user.role not in roles:
        return queryset.none()
    return queryset.filter(**{path: clinic})


def visible_memberships(user) -> QuerySet:
    return _visible(models.Membership.objects.all(), user, path="clinic", roles=(Role.ADMIN,))


def visible_users(user) -> QuerySet:
    return _visible(models.User.objects.all(), user, path="membership__clinic", roles=_TRAIL)


def visible_patients(user) -> QuerySet:
    return _visible(models.Patient.objects.all(), user, path="clinic", roles=_CARE)


def visible_consents(user) -> QuerySet:
    return _visible(models.Consent.objects.all(), user, path="patient__clinic", roles=_CARE)


def visible_lesions(user) -> QuerySet:
    return _visible(models.Lesion.objects.all(), user, path="patient__clinic", roles=_CARE)


def visible_cases(user) -> QuerySet:
    return _visible(models.Case.objects.all(), user, path="patient__clinic", roles=_CARE)


def visible_images(user) -> QuerySet:
    return _visible(models.LesionImage.objects.all(), user, path="case__patient__clinic", roles=_CARE)


def visible_image_scales(user) -> QuerySet:
    return _visible(models.ImageScale.objects.all(), user, path="image__case__patient__clinic", roles=_CARE)


def visible_reveals(user) -> QuerySet:
    """Everybody sees their own only, and those of this sign-in: that somebody looked is the audit trail's to tell."""
    reveals = _visible(models.Reveal.objects.all(), user, path="image__case__patient__clinic", roles=_CARE)
    return reveals.filter(viewer=user, way_in=user.way_in) if user.is_authenticated else reveals


def visible_uploads(user) -> QuerySet:
    return _visible(models.Upload.objects.all(), user, path="case__patient__clinic", roles=_CARE)


def visible_analyses(user) -> QuerySet:
    return _visible(models.Analysis.objects.all(), user, path="image__case__patient__clinic", roles=_CARE)


def visible_explanation_requests(user) -> QuerySet:
    requests = models.ExplanationRequest.objects.all()
    return _visible(requests, user, path="analysis__image__case__patient__clinic", roles=_CARE)


def visible_reads(user) -> QuerySet:
    return _visible(models.Read.objects.all(), user, path="case__patient__clinic", roles=_CARE)


def visible_retakes(user) -> QuerySet:
    return _visible(models.RetakeRequest.objects.all(), user, path="case__patient__clinic", roles=_CARE)


def visible_saved_filters(user) -> QuerySet:
    """Everybody has their own."""
    saved = _visible(models.SavedFilter.objects.all(), user, path="clinic", roles=_CARE)
    return saved.filter(owner=user) if user.is_authenticated else saved


def visible_queue_places(user) -> QuerySet:
    return _visible(models.QueuePlace.objects.all(), user, path="clinic", roles=_CARE)


def visible_queue_tallies(user) -> QuerySet:
    return _visible(models.QueueTally.objects.all(), user, path="clinic", roles=_CARE)


def visible_model_versions(user) -> QuerySet:
    return _visible(models.ModelVersion.objects.all(), user, path="clinic", roles=_ANYONE)


def visible_audit_events(user) -> QuerySet:
    return _visible(models.AuditEvent.objects.all(), user, path="clinic", roles=_TRAIL)


def visible_audit_reports(user) -> QuerySet:
    return _visible(models.AuditReport.objects.all(), user, path="clinic", roles=_TRAIL)


def visible_usability_answers(user) -> QuerySet:
    return _visible(models.UsabilityAnswer.objects.all(), user, path="clinic", roles=(Role.ADMIN,))


def find(visible: QuerySet, pk) -> Model:
    """The object, if it is in the list; a stranger's and a missing one fail alike."""
    try:
        found = visible.filter(pk=pk).first()
    except (ValidationError, ValueError):  # not even the form of an id
        found = None
    if found is None:
        raise NotFound(f"There is no such {visible.model._meta.verbose_name}.")
    return found


def ensure_visible(visible: QuerySet, *objects: Model) -> None:
    """Every object is in the list, or does not exist for this person."""
    for thing in objects:
        find(visible, thing.pk)
