"""Who may open which page of the queue, reading room, media, audit and models, over two clinics."""

import pytest
from django.urls import reverse

from tests.factories import (
    AuditReportFactory,
    CaseFactory,
    ExplanationFactory,
    LesionImageFactory,
    ModelVersionFactory,
    PredictionFactory,
)

pytestmark = pytest.mark.django_db

LISTS = {  # address: staff, dermatologist, admin, auditor
    "worklist": (200, 200, 200, 403),
    "audit": (403, 403, 200, 200),
    "audit_chain": (403, 403, 200, 200),
    "models": (200, 200, 200, 200),
}
OBJECTS = {
    "reading": (200, 200, 200, 403),
    "picture": (200, 200, 200, 403),
    "thumbnail": (200, 200, 200, 403),
    "heat": (200, 200, 200, 403),
    "audit_download": (403, 403, 200, 200),
    "model": (200, 200, 200, 200),
}
ACTS = {
    "claim": (403, 302, 403, 403),
    "release": (403, 409, 403, 403),
    "sign": (403, 422, 403, 403),
    "request_images": (403, 422, 403, 403),
    "withdraw_request": (403, 409, 403, 403),
    "activate_model": (403, 403, 302, 403),
}
ROLES = ("staff", "dermatologist", "admin", "auditor")


def address(name, clinic):
    """The page `name` of an object of this clinic."""
    case = CaseFactory(ready=True, patient__clinic=clinic)
    if name in ("reading", "claim", "release", "sign", "request_images", "withdraw_request"):
        return reverse(f"cases:{name}", args=[case.pk])
    if name in ("picture", "thumbnail"):
        return reverse(f"cases:{name}", args=[LesionImageFactory(case=case).pk])
    if name == "heat":
        answered = PredictionFactory(analysis__image__case=case).analysis
        return reverse("cases:heat", args=[ExplanationFactory(analysis=answered).analysis_id])
    if name == "audit_download":
        return reverse("cases:audit_download", args=[AuditReportFactory(clinic=clinic).pk])
    return reverse(f"cases:{name}", args=[ModelVersionFactory(clinic=clinic, manifest={"training_data": {}}).pk])


def status_of(client, method, url):
    answer = getattr(client, method)(url)
    if answer.streaming:
        list(answer.streaming_content)  # read to its end, which closes the file behind it
    return answer.status_code


def cases_of(table):
    return [(name, role, status) for name, row in table.items() for role, status in zip(ROLES, row, strict=True)]


@pytest.mark.parametrize(("name", "role", "status"), cases_of(LISTS))
def test_lists_open_to_the_roles_that_need_them(client_for, north, name, role, status):
    assert status_of(client_for(getattr(north, role)), "get", reverse(f"cases:{name}")) == status


@pytest.mark.parametrize(("name", "role", "status"), cases_of(OBJECTS))
def test_objects_open_to_the_roles_of_their_clinic(client_for, north, name, role, status):
    assert status_of(client_for(getattr(north, role)), "get", address(name, north.clinic)) == status


@pytest.mark.parametrize(("name", "role", "status"), cases_of(ACTS))
def test_acts_belong_to_roles(client_for, north, name, role, status):
    assert status_of(client_for(getattr(north, role)), "post", address(name, north.clinic)) == status


@pytest.mark.parametrize("name", [*OBJECTS, *ACTS])
def test_another_clinics_object_does_not_exist(client_for, north, south, name):
    url, method = address(name, south.clinic), "post" if name in ACTS else "get"
    for role, own in zip(ROLES, {**OBJECTS, **ACTS}[name], strict=True):
        # 403 only where the role never carries the act, whoever's object it is.
        assert status_of(client_for(getattr(north, role)), method, url) == (403 if own == 403 else 404)


@pytest.mark.parametrize("name", [*OBJECTS, *ACTS])
def test_nobody_is_sent_to_sign_in(client, north, name):
    url = address(name, north.clinic)
    answer = client.post(url) if name in ACTS else client.get(url)
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("account_login"))


def test_figures_of_another_clinic_stay_out_of_the_queue(client_for, north, south):
    for clinic in (north.clinic, south.clinic):
        case = CaseFactory(ready=True, patient__clinic=clinic, tier="urgent", malignancy=0.8, flagged=True)
        PredictionFactory(analysis__image__case=case, tier="urgent", diagnosis="mel")
    ours, theirs = (clinic.patients.get().pseudonym for clinic in (north.clinic, south.clinic))
    page = client_for(north.dermatologist).get(reverse("cases:worklist")).content.decode()
    assert ours in page
    assert theirs not in page
