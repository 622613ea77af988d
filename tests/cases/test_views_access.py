"""Who may open which page of register, intake and progress, over two clinics; and how a refusal looks."""

import pytest
from django.http import HttpResponse
from django.urls import reverse
from django.utils.html import escape

from cases.errors import Conflict, InvalidInput, StorageUnavailable
from cases.views.access import requires
from tests.factories import AnalysisFactory, CaseFactory, LesionImageFactory, PatientFactory, UploadFactory, UserFactory

pytestmark = pytest.mark.django_db

ROLES = ("staff", "dermatologist", "admin", "auditor")
LISTS = {  # address: what each of the roles gets
    "home": (200, 200, 200, 200),
    "patients": (200, 200, 200, 403),
    "register_patient": (200, 200, 403, 403),
    "new_case": (200, 200, 403, 403),
    "usability": (200, 200, 403, 403),
    "usability_results": (403, 403, 200, 403),
    "design": (403, 403, 200, 403),
}
OBJECTS = {
    "patient": (200, 200, 200, 403),
    "case": (302, 302, 200, 403),
    "progress": (200, 200, 200, 403),
    "intake": (200, 200, 403, 403),
    "correct_patient": (200, 200, 403, 403),
    "scale_suggestions": (200, 200, 403, 403),
}
ACTS = {
    "find_patients": (302, 302, 302, 403),
    "likely_patients": (200, 200, 403, 403),
    "open_case": (422, 422, 403, 403),
    "add_lesion": (422, 422, 403, 403),
    "upload": (422, 422, 403, 403),
    "start_upload": (422, 422, 403, 403),
    "complete_upload": (409, 409, 403, 403),
    "discard_upload": (302, 302, 403, 403),
    "save_history": (422, 422, 403, 403),
    "submit": (302, 302, 403, 403),
    "decline_retake": (409, 409, 403, 403),
    "discard": (302, 302, 403, 403),
    "describe_image": (422, 422, 403, 403),
    "accept_image": (409, 409, 403, 403),
    "remove_image": (302, 302, 403, 403),
    "mark_image": (422, 422, 403, 403),
    "set_scale": (302, 302, 403, 403),
    "retry": (302, 302, 302, 403),
}


OF_NO_OBJECT = ("find_patients", "likely_patients")
IN_A_CASE = {
    (
        "describe_image",
        "accept_image",
        "remove_image",
        "mark_image",
        "set_scale",
        "scale_suggestions",
    ): LesionImageFactory,
    ("complete_upload", "discard_upload"): UploadFactory,
}


def address(name, clinic):
    """The page `name` of an object of this clinic."""
    if name in ("patient", "correct_patient", "open_case"):
        return reverse(f"cases:{name}", args=[PatientFactory(clinic=clinic).pk])
    for names, make in IN_A_CASE.items():
        if name in names:
            return reverse(f"cases:{name}", args=[make(case__patient__clinic=clinic).pk])
    if name == "retry":
        case = CaseFactory(submitted=True, patient__clinic=clinic)
        return reverse("cases:retry", args=[AnalysisFactory(failed=True, image__case=case).pk])
    if name == "progress":
        return reverse("cases:progress", args=[CaseFactory(submitted=True, patient__clinic=clinic).pk])
    if name in OBJECTS or (name in ACTS and name not in OF_NO_OBJECT):
        return reverse(f"cases:{name}", args=[CaseFactory(patient__clinic=clinic).pk])
    return reverse(f"cases:{name}")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", [*LISTS, *OBJECTS])
def test_a_page_opens_to_the_roles_of_its_own_clinic(north, client_for, name, role):
    expected = (LISTS | OBJECTS)[name][ROLES.index(role)]
    assert client_for(getattr(north, role)).get(address(name, north.clinic)).status_code == expected


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", ACTS)
def test_an_act_belongs_to_its_roles(north, client_for, name, role):
    expected = ACTS[name][ROLES.index(role)]
    assert client_for(getattr(north, role)).post(address(name, north.clinic)).status_code == expected


@pytest.mark.parametrize("name", [*OBJECTS, *(name for name in ACTS if name not in OF_NO_OBJECT)])
def test_what_belongs_to_another_clinic_does_not_exist(north, south, client_for, name):
    method = "post" if name in ACTS else "get"
    answer = getattr(client_for(south.staff), method)(address(name, north.clinic))
    assert answer.status_code == 404


@pytest.mark.parametrize("name", [*LISTS, *OBJECTS])
def test_a_stranger_is_sent_to_sign_in_and_comes_back(north, client, name):
    url = address(name, north.clinic)
    assert client.get(url)["Location"] == f"/accounts/login/?next={url}"


def test_sign_in_says_why_it_stands_before_the_page_that_was_asked_for(north, client):
    why = "Sign in, and the page that you asked for opens."
    url = address("patient", north.clinic)
    assert why in client.get(url, follow=True).content.decode()
    again = client.post("/accounts/login/", {"login": "nobody", "password": "wrong", "next": url})
    assert why in again.content.decode()
    assert why not in client.get("/", follow=True).content.decode()
    assert why not in client.get("/accounts/login/").content.decode()


@pytest.mark.parametrize("name", ACTS)
def test_a_stranger_changes_nothing_and_is_not_sent_back_to_a_form(north, client, name):
    assert client.post(address(name, north.clinic))["Location"] == "/accounts/login/?next=/"


def test_a_lost_session_takes_the_whole_page_to_sign_in_not_a_piece_of_it(north, client):
    here = {"HX-Request": "true", "HX-Current-URL": "http://testserver/worklist/?view=all"}
    answer = client.get(address("progress", north.clinic), headers=here)
    assert answer["HX-Redirect"] == "/accounts/login/?next=%2Fworklist%2F%3Fview%3Dall"
    assert "You were signed out." in client.get(answer["HX-Redirect"]).content.decode()


def test_a_form_that_came_after_the_session_says_so_and_leads_back(north, client):
    image = LesionImageFactory(case__patient__clinic=north.clinic)
    page = f"http://testserver/cases/{image.case_id}/intake/"
    answer = client.post(reverse("cases:remove_image", args=[image.pk]), headers={"Referer": page})
    assert answer["Location"].startswith("/accounts/login/?next=http")
    words = client.get(answer["Location"]).content.decode()
    assert "You were signed out before this was sent, so nothing was changed." in words
    image.refresh_from_db()


@pytest.mark.parametrize("name", ["home", "patients", "patient", "intake"])
def test_no_page_with_patient_data_is_kept_by_browser_or_proxy(north, client_for, name):
    assert "no-store" in client_for(north.staff).get(address(name, north.clinic))["Cache-Control"]


def test_a_login_without_a_clinic_is_told_so(db, client_for):
    answer = client_for(UserFactory(role="")).get(reverse("cases:home"))
    assert answer.status_code == 403
    assert "your login is of no clinic" in answer.content.decode()


def test_a_page_cannot_ask_for_an_act_that_nobody_defined():
    with pytest.raises(ValueError, match="fly_to_the_moon"):
        requires("fly_to_the_moon")


def refused_with(rf, user, error, **headers):
    @requires("view_home")
    def view(request):
        raise error

    request = rf.post("/somewhere/", headers=headers)
    request.user, request.htmx = user, "HX-Request" in headers
    return view(request)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Conflict("A colleague holds it."), 409),
        (InvalidInput({"size": "Too large."}), 422),
        (StorageUnavailable("The disk is full."), 507),
    ],
)
def test_a_refusal_is_a_page_with_the_sentence_of_the_domain(north, rf, error, status):
    answer = refused_with(rf, north.staff, error)
    assert answer.status_code == status
    assert escape(str(error)) in answer.content.decode()


def test_a_refusal_inside_a_page_is_a_message_above_it(north, rf):
    answer = refused_with(rf, north.staff, Conflict("A colleague holds it."), **{"HX-Request": "true"})
    assert answer.status_code == 409
    assert answer["HX-Retarget"] == "#notices"
    assert "<html" not in answer.content.decode()


def test_only_the_own_pages_are_offered_as_the_way_back(north, rf):
    own = refused_with(rf, north.staff, Conflict("No."), Referer="http://testserver/patients/")
    foreign = refused_with(rf, north.staff, Conflict("No."), Referer="http://evil.example/")
    assert 'href="http://testserver/patients/"' in own.content.decode()
    assert "evil.example" not in foreign.content.decode()


def test_the_rule_of_a_view_can_be_read_from_it():
    @requires("view_home")
    def view(request):
        return HttpResponse()

    assert view.access == "view_home"
