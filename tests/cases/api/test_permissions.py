"""Every route × every role × two clinics, generated from the addresses: a route that this table does not know fails."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.urls import get_resolver

from cases.api.endpoint import Endpoint, Nothing
from cases.permissions import ACTS
from cases.pictures import sha256
from cases.services.audit import record_view
from cases.storage import write_at
from cases.vocabulary import Action, Role
from tests.cases.api.conftest import answered_case
from tests.drawings import jpeg
from tests.factories import (
    AuditReportFactory,
    CaseFactory,
    ExplanationRequestFactory,
    LesionFactory,
    LesionImageFactory,
    ModelVersionFactory,
    QualityCheckFactory,
    RetakeRequestFactory,
    SavedFilterFactory,
    UploadFactory,
    UserFactory,
)

STAFF, READER, ADMIN, AUDITOR = (role.value for role in Role)
EVERYONE = {STAFF, READER, ADMIN, AUDITOR}
CARE = EVERYONE - {AUDITOR}
INTAKE = {STAFF, READER}
TRAIL = {ADMIN, AUDITOR}

# Method and route → who may, and what they get. For the others of the clinic: 403, or 404 where they see no such thing.
ALLOWED = {
    "GET patients": (CARE, 200),
    "POST patients": (INTAKE, 201),
    "POST likely-patients": (INTAKE, 200),
    "GET patient": (CARE, 200),
    "GET consents": (CARE, 200),
    "POST consents": (INTAKE, 201),
    "GET lesions": (CARE, 200),
    "POST lesions": (INTAKE, 201),
    "GET lesion": (CARE, 200),
    "GET cases": (CARE, 200),
    "POST cases": (INTAKE, 201),
    "GET case": (CARE, 200),
    "POST images": (INTAKE, 201),
    "GET uploads": (CARE, 200),
    "POST uploads": (INTAKE, 201),
    "GET upload": (CARE, 200),
    "PATCH upload": (INTAKE, 200),
    "DELETE upload": (INTAKE, 204),
    "POST complete-upload": (INTAKE, 201),
    "POST accept": (INTAKE, 200),
    "POST submit": (INTAKE, 202),
    "POST claim": ({READER}, 200),
    "POST release": ({READER}, 200),
    "POST request-images": ({READER}, 200),
    "POST decline-retake": (INTAKE, 200),
    "POST withdraw-request": ({READER}, 200),
    "POST reads": ({READER}, 201),
    "GET image-file": (CARE, 200),
    "POST reveal": (CARE, 200),
    "POST mark-image": (INTAKE, 200),
    "GET scales": (CARE, 200),
    "POST scales": (INTAKE, 201),
    "GET scale-suggestions": (INTAKE, 200),
    "GET analysis": (CARE, 200),
    "GET heatmap": (CARE, 200),
    "GET explanations": (CARE, 200),
    "POST explanations": ({READER}, 202),
    "GET explanation": (CARE, 200),
    "GET explanation-overlay": (CARE, 200),
    "GET worklist": (CARE, 200),
    "GET saved-filters": (CARE, 200),
    "POST saved-filters": (CARE, 201),
    "GET saved-filter": ({READER}, 200),
    "POST saved-filter": ({READER}, 200),
    "POST delete-filter": ({READER}, 200),
    "GET audit-events": (TRAIL, 200),
    "GET audit-reports": (TRAIL, 200),
    "POST audit-reports": (TRAIL, 201),
    "GET audit-download": (TRAIL, 200),
    "GET models": (EVERYONE, 200),
    "POST activate": ({ADMIN}, 200),
}
LISTS = {
    f"GET {kind}" for kind in ("patients", "lesions", "cases", "worklist", "audit-events", "audit-reports", "models")
}
METHODS = ("GET", "POST", "PATCH", "DELETE")
OPEN = {"POST token", "GET schema", "GET docs"}  # they know nobody, and tell of no clinic
UNSEEN = {AUDITOR: "care", STAFF: "trail", READER: "trail"}  # kinds of things that are not in the role's lists at all


def routes():
    for pattern in _flat(get_resolver("cases.api.urls").url_patterns):
        view = pattern.callback.cls
        if view is not Nothing:
            yield from ((f"{method} {pattern.name}", view) for method in METHODS if hasattr(view, method.lower()))


def _flat(patterns):
    for pattern in patterns:
        yield from _flat(pattern.url_patterns) if hasattr(pattern, "url_patterns") else [pattern]


def test_the_table_knows_every_route():
    assert {name for name, _ in routes()} == set(ALLOWED) | OPEN


def test_no_endpoint_answers_another_method():
    for name, view in routes():
        answered = {m.upper() for m in view.http_method_names if hasattr(view, m)} - {"HEAD", "OPTIONS"}
        assert answered == {method for method in METHODS if hasattr(view, method.lower())}, name


@pytest.mark.parametrize("name", sorted(ALLOWED))
def test_every_route_states_the_act_that_it_needs(name):
    view = dict(routes())[name]
    assert issubclass(view, Endpoint)
    assert view.acts[name.partition(" ")[0]] in ACTS


class Stage:
    """One clinic with a thing behind each address, and a request that would succeed."""

    def __init__(self, clinic, reader):
        self.clinic, self.reader = clinic, reader
        self.answered = answered_case(clinic)
        self.patient = self.answered.patient
        self.explanation = ExplanationRequestFactory(analysis=self.answered.analysis, done=True)
        self.lesion = LesionFactory(patient=self.patient)
        self.draft = CaseFactory(patient=self.patient)
        self.in_review = CaseFactory(patient=self.patient, in_review=True, claimed_by=reader)
        self.submittable = LesionImageFactory(case__patient=self.patient).case
        self.awaiting = RetakeRequestFactory(case__patient=self.patient).case
        self.veiled = LesionImageFactory(case__patient=self.patient, recognisable=True)
        self.blurred = QualityCheckFactory(image__case=self.draft, verdict="rejected", reasons=["blur"]).image
        self.upload = UploadFactory(case=self.draft, lesion=self.lesion, byte_size=4, sha256=sha256(b"part"))
        self.whole = self._whole()
        self.saved = SavedFilterFactory(clinic=clinic, owner=reader)
        self.report = AuditReportFactory(clinic=clinic)
        self.model = ModelVersionFactory(clinic=clinic)
        record_view(actor=reader, action=Action.CASE_VIEWED, about=self.answered)

    def _whole(self):
        """An upload of which every byte is there."""
        data = jpeg(78)
        facts = {"byte_size": len(data), "offset": len(data), "sha256": sha256(data)}
        upload = UploadFactory(case=self.draft, lesion=self.lesion, **facts)
        write_at(upload.part_name, 0, data)
        return upload

    def request(self, name):
        """Address and body."""
        case, analysis = "/api/v1/cases", self.answered.analysis
        override = {"decision": "override", "diagnosis": "mel", "management": "biopsy", "reason": "history"}
        person = {"identifier": "MRN-new", "given_name": "A", "family_name": "B"}
        return {
            "patients": ("/api/v1/patients/", person),
            "likely-patients": ("/api/v1/patients/likely/", person),
            "patient": (f"/api/v1/patients/{self.patient.pk}/", None),
            "consents": (
                f"/api/v1/patients/{self.patient.pk}/consents/",
                {"purpose": "research", "answer": "given", "notice": "2026-1"},
            ),
            "lesions": ("/api/v1/lesions/", {"patient": str(self.patient.pk), "site": "back"}),
            "lesion": (f"/api/v1/lesions/{self.lesion.pk}/", None),
            "cases": (f"{case}/", {"patient": str(self.patient.pk), "reason": "It itches."}),
            "case": (f"{case}/{self.answered.pk}/", None),
            "images": (f"{case}/{self.draft.pk}/images/", {"lesion": str(self.lesion.pk), "image_type": "dermoscopic"}),
            "uploads": (
                f"{case}/{self.draft.pk}/uploads/",
                {"lesion": str(self.lesion.pk), "image_type": "dermoscopic", "byte_size": 9, "sha256": "0" * 64},
            ),
            "upload": (f"/api/v1/uploads/{self.upload.pk}/", b"part"),
            "complete-upload": (f"/api/v1/uploads/{self.whole.pk}/complete/", {}),
            "accept": (f"/api/v1/images/{self.blurred.pk}/accept/", {}),
            "submit": (f"{case}/{self.submittable.pk}/submit/", {}),
            "claim": (f"{case}/{self.answered.pk}/claim/", {}),
            "release": (f"{case}/{self.in_review.pk}/release/", {}),
            "request-images": (f"{case}/{self.in_review.pk}/request-images/", {"reason": "blur"}),
            "decline-retake": (f"{case}/{self.awaiting.pk}/decline-retake/", {"reason": "no_better"}),
            "withdraw-request": (f"{case}/{self.awaiting.pk}/withdraw-request/", {}),
            "reads": (f"{case}/{self.in_review.pk}/reads/", override),
            "image-file": (f"/api/v1/images/{analysis.image_id}/file/", None),
            "mark-image": (f"/api/v1/images/{self.veiled.pk}/recognisable/", {"recognisable": True}),
            "scales": (
                f"/api/v1/images/{analysis.image_id}/scales/",
                {"basis": "stated", "pixel_spacing": "0.04"},
            ),
            "scale-suggestions": (f"/api/v1/images/{analysis.image_id}/scale-suggestions/", None),
            "reveal": (f"/api/v1/images/{self.veiled.pk}/reveal/", {}),
            "analysis": (f"/api/v1/analyses/{analysis.pk}/", None),
            "heatmap": (f"/api/v1/analyses/{analysis.pk}/heatmaps/mel/", None),
            "explanations": (
                f"/api/v1/analyses/{analysis.pk}/explanations/",
                {"method": "shap", "diagnosis": "mel"},
            ),
            "explanation": (f"/api/v1/explanations/{self.explanation.pk}/", None),
            "explanation-overlay": (f"/api/v1/explanations/{self.explanation.pk}/overlay/", None),
            "worklist": ("/api/v1/worklist/", None),
            "saved-filters": ("/api/v1/worklist-filters/", {"name": "Ears", "criteria": {"site": "ear"}}),
            "saved-filter": (f"/api/v1/worklist-filters/{self.saved.pk}/", {"name": "Ears"}),
            "delete-filter": (f"/api/v1/worklist-filters/{self.saved.pk}/delete/", {}),
            "audit-events": ("/api/v1/audit-events/", None),
            "audit-reports": ("/api/v1/audit-reports/", {}),
            "audit-download": (f"/api/v1/audit-reports/{self.report.pk}/download/", None),
            "models": ("/api/v1/models/", None),
            "activate": (f"/api/v1/models/{self.model.pk}/activate/", {}),
        }[name]

    def send(self, client, name):
        method, _, route = name.partition(" ")
        address, body = self.request(route)
        if method == "GET":
            answer = client.get(address)
            answer.read = b"".join(answer) if answer.streaming else answer.content  # which closes the file
            return answer
        if method == "DELETE":
            return client.delete(address)
        if method == "PATCH":
            octets, headers = "application/offset+octet-stream", {"Upload-Offset": "0"}
            return client.generic("PATCH", address, body, content_type=octets, headers=headers)
        if route == "images":
            return client.post(address, {**body, "file": SimpleUploadedFile("a.jpg", jpeg(77))}, format="multipart")
        return client.post(address, body)


@pytest.fixture
def stage(north):
    return Stage(north.clinic, north.dermatologist)


def kind(name):
    """Whether what the address holds is of the clinic's care, of its trail, or in everybody's lists."""
    return {"audit-download": "trail", "activate": "", "models": ""}.get(name.partition(" ")[2], "care")


def has_object(stage, name):
    return any(len(part) == 36 for part in stage.request(name.partition(" ")[2])[0].split("/"))


def statuses(stage, name, clients):
    """Who gets which status; each finds everything as it was."""
    found = {}
    for who, client in clients.items():
        with transaction.atomic():
            found[who] = stage.send(client, name).status_code
            transaction.set_rollback(True)
    return found


@pytest.mark.parametrize("name", sorted(ALLOWED))
def test_in_the_own_clinic(name, stage, north, api):
    allowed, success = ALLOWED[name]
    unseen = EVERYONE if name.endswith("-filter") else {role for role, part in UNSEEN.items() if part == kind(name)}
    refused = {role: 404 if has_object(stage, name) and role in unseen else 403 for role in EVERYONE}
    expected = refused | dict.fromkeys(allowed, success) | {"nobody": 401}
    assert statuses(stage, name, {"nobody": api()} | {role: api(getattr(north, role)) for role in EVERYONE}) == expected


@pytest.mark.parametrize("name", sorted(ALLOWED))
def test_in_another_clinic(name, stage, south, api):
    """An object is 404 for every role, and a body cannot refer to it; a list is the other clinic's own."""
    allowed, success = ALLOWED[name]
    refers = name.startswith("POST") and "patient" in (stage.request(name.partition(" ")[2])[1] or {})
    expected = dict.fromkeys(EVERYONE, 403) | dict.fromkeys(allowed, 400 if refers else success)
    if has_object(stage, name):
        expected = dict.fromkeys(EVERYONE, 404)
    assert statuses(stage, name, {role: api(getattr(south, role)) for role in EVERYONE}) == expected


@pytest.mark.parametrize("name", sorted(LISTS))
def test_no_list_holds_anything_of_another_clinic(name, stage, north, south, api):
    role = next(iter(sorted(ALLOWED[name][0])))
    of_north, of_south = (stage.send(api(getattr(clinic, role)), name).json() for clinic in (north, south))
    assert of_north["results"]
    ids = {row["id"] for row in of_north["results"]}
    assert not ids & {row["id"] for row in of_south["results"]}


@pytest.mark.parametrize("name", sorted(ALLOWED))
def test_for_a_login_without_a_clinic(name, stage, api):
    expected = 404 if has_object(stage, name) else 403
    assert stage.send(api(UserFactory(role="")), name).status_code == expected


@pytest.mark.parametrize("query", ["patient={patient}", "patient={patient}&state=ready"])
@pytest.mark.parametrize("route", ["cases", "lesions"])
def test_a_filter_finds_nothing_of_another_clinic(route, query, stage, south, api):
    answer = api(south.staff).get(f"/api/v1/{route}/?{query.format(patient=stage.patient.pk)}")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["patient"])
