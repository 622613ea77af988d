"""Who sees what, as a table over two clinics; and who may do what."""

import pytest
from django.contrib.auth.models import AnonymousUser

from cases import models, permissions
from cases.errors import Forbidden, NotFound
from tests import factories

pytestmark = pytest.mark.django_db

CARE = {"staff", "dermatologist", "admin"}
TRAIL = {"admin", "auditor"}
EVERYONE = CARE | TRAIL

FILTERS = {
    "patients": (permissions.visible_patients, factories.PatientFactory, "clinic", CARE),
    "consents": (permissions.visible_consents, factories.ConsentFactory, "patient__clinic", CARE),
    "lesions": (permissions.visible_lesions, factories.LesionFactory, "patient__clinic", CARE),
    "cases": (permissions.visible_cases, factories.CaseFactory, "patient__clinic", CARE),
    "images": (permissions.visible_images, factories.LesionImageFactory, "case__patient__clinic", CARE),
    "scales": (
        permissions.visible_image_scales,
        factories.ImageScaleFactory,
        "image__case__patient__clinic",
        CARE,
    ),
    "analyses": (permissions.visible_analyses, factories.AnalysisFactory, "image__case__patient__clinic", CARE),
    "explanation_requests": (
        permissions.visible_explanation_requests,
        factories.ExplanationRequestFactory,
        "analysis__image__case__patient__clinic",
        CARE,
    ),
    "reads": (permissions.visible_reads, factories.ReadFactory, "case__patient__clinic", CARE),
    "retakes": (permissions.visible_retakes, factories.RetakeRequestFactory, "case__patient__clinic", CARE),
    "model_versions": (permissions.visible_model_versions, factories.ModelVersionFactory, "clinic", EVERYONE),
    "audit_reports": (permissions.visible_audit_reports, factories.AuditReportFactory, "clinic", TRAIL),
    "usability_answers": (permissions.visible_usability_answers, factories.UsabilityAnswerFactory, "clinic", {"admin"}),
}


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("role", sorted(EVERYONE))
def test_own_clinic_by_role_and_never_another(name, role, north, south):
    visible, make, path, roles = FILTERS[name]
    own, foreign = make(**{path: north.clinic}), make(**{path: south.clinic})
    user = getattr(north, role)
    seen = set(visible(user))
    assert seen == ({own} if role in roles else set())
    for thing in {own, foreign} - seen:
        with pytest.raises(NotFound):
            permissions.find(visible(user), thing.pk)


@pytest.mark.parametrize("name", FILTERS)
def test_nobody_and_the_clinicless_see_nothing(name, north):
    visible, make, path, _ = FILTERS[name]
    make(**{path: north.clinic})
    clinicless = factories.UserFactory(role="", is_superuser=True)
    assert not visible(AnonymousUser()).exists()
    assert not visible(clinicless).exists()


def test_the_trail_and_the_members_are_the_admins(north, south):
    from cases.services import audit

    event = audit.record(clinic=north.clinic, actor=None, action="case_viewed")
    audit.record(clinic=south.clinic, actor=None, action="case_viewed")
    assert list(permissions.visible_audit_events(north.admin)) == [event]
    assert list(permissions.visible_audit_events(north.auditor)) == [event]
    assert not permissions.visible_audit_events(north.staff).exists()
    assert permissions.visible_memberships(north.admin).count() == 4
    assert not permissions.visible_memberships(north.dermatologist).exists()


def test_what_somebody_asked_to_see_is_in_their_own_list_only(north):
    reveal = factories.RevealFactory(viewer=north.dermatologist, image__case__patient__clinic=north.clinic)
    assert list(permissions.visible_reveals(north.dermatologist)) == [reveal]
    assert not permissions.visible_reveals(north.admin).exists()
    assert not permissions.visible_reveals(AnonymousUser()).exists()


def test_a_saved_filter_is_in_its_owners_list_only(north, south):
    saved = factories.SavedFilterFactory(clinic=north.clinic, owner=north.dermatologist)
    factories.SavedFilterFactory(clinic=south.clinic, owner=north.dermatologist)  # from when they worked there
    assert list(permissions.visible_saved_filters(north.dermatologist)) == [saved]
    assert not permissions.visible_saved_filters(north.admin).exists()
    assert not permissions.visible_saved_filters(AnonymousUser()).exists()


def test_an_id_that_is_none_fails_like_a_missing_one(north):
    with pytest.raises(NotFound):
        permissions.find(permissions.visible_cases(north.staff), "1 OR 1=1")


# act → who; written by hand, so that a slip in the table of acts does not pass.
ALLOWED = {
    "view_home": "staff dermatologist admin auditor",
    "view_identity": "staff dermatologist",
    "view_patients": "staff dermatologist admin",
    "view_cases": "staff dermatologist admin",
    "reveal_image": "staff dermatologist admin",
    "mark_recognisable": "staff dermatologist",
    "set_scale": "staff dermatologist",
    "view_models": "staff dermatologist admin auditor",
    "register_patient": "staff dermatologist",
    "record_consent": "staff dermatologist",
    "register_lesion": "staff dermatologist",
    "open_case": "staff dermatologist",
    "edit_case": "staff dermatologist",
    "attach_image": "staff dermatologist",
    "submit_case": "staff dermatologist",
    "cancel_case": "staff dermatologist",
    "retry_analysis": "staff dermatologist admin",
    "explain_analysis": "dermatologist",
    "view_worklist": "staff dermatologist admin",
    "save_filter": "staff dermatologist admin",
    "claim_case": "dermatologist",
    "release_case": "dermatologist",
    "record_read": "dermatologist",
    "request_images": "dermatologist",
    "withdraw_request": "dermatologist",
    "decline_retake": "staff dermatologist",
    "close_case": "dermatologist",
    "view_audit": "admin auditor",
    "create_audit_report": "admin auditor",
    "register_model": "admin",
    "activate_model": "admin",
    "answer_usability": "staff dermatologist",
    "view_usability": "admin",
    "view_design": "admin",
}


@pytest.mark.parametrize("act", permissions.ACTS)
def test_each_act_belongs_to_its_roles(act, north):
    allowed = {role for role in sorted(EVERYONE) if permissions.may(getattr(north, role), act)}
    assert allowed == set(ALLOWED[act].split())
    for role in EVERYONE - allowed:
        with pytest.raises(Forbidden, match="role"):
            permissions.ensure_may(getattr(north, role), act)


def test_a_login_that_was_closed_may_nothing(north):
    north.staff.is_active = False
    assert not any(permissions.may(north.staff, act) for act in permissions.ACTS)


def test_every_model_of_the_clinic_has_a_filter():
    """A new model needs a rule before it can be shown."""
    without_own_rule = {
        models.Clinic,  # through the membership
        models.User,  # through the membership
        models.QualityCheck,  # through its image
        models.Prediction,  # through its analysis
        models.Explanation,  # through its analysis
        models.Embedding,  # never shown as it is
        models.AuditChain,  # never shown
        models.IdempotencyKey,  # never shown
    }
    ruled = {visible(AnonymousUser()).model for visible in vars(permissions).values() if _is_filter(visible)}
    assert {getattr(models, name) for name in models.__all__} == ruled | without_own_rule


def _is_filter(thing):
    return callable(thing) and getattr(thing, "__name__", "").startswith("visible_")
