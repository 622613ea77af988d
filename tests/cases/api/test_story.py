"""The main job, through the API alone: register, photograph, submit, read, decide, prove."""

import csv
import io

import pytest
from PIL import Image

from cases.models import Case
from tests.factories import PASSWORD, CaseFactory

DIAGNOSES = {"akiec", "bcc", "bkl", "df", "mel", "nv", "vasc"}


@pytest.fixture
def submitted(north, active_model, api, upload, work):
    """The case as the API tells of it, after its analysis."""
    staff = api(north.staff)
    patient = staff.post(
        "/api/v1/patients/",
        {
            "identifier": "MRN-1",
            "given_name": "Ada",
            "family_name": "Example",
            "birth_date": "1950-01-02",
            "sex": "female",
        },
    ).json()
    lesion = staff.post("/api/v1/lesions/", {"patient": patient["id"], "site": "back", "laterality": "left"}).json()
    case = staff.post("/api/v1/cases/", {"patient": patient["id"], "reason": "It grows.", "itch": "yes"}).json()
    assert upload(north.staff, Case.objects.get(pk=case["id"]), lesion["id"]).status_code == 201
    answer = staff.post(f"/api/v1/cases/{case['id']}/submit/")
    assert answer.status_code == 202
    assert answer.json()["state"] == "submitted"
    work(case["id"])
    return staff.get(f"/api/v1/cases/{case['id']}/").json()


def test_a_submitted_case_becomes_ready_with_its_analysis(submitted):
    assert submitted["state"] == "ready"
    assert submitted["itch"] == "yes"
    assert submitted["grew"] == "unknown"
    assert "in_review" in submitted["legal_moves"]
    assert len(submitted["images"]) == len(submitted["analyses"]) == 1


def test_the_analysis_tells_what_the_network_said_and_which_network(submitted, active_model, north, api):
    analysis = api(north.dermatologist).get(f"/api/v1/analyses/{submitted['analyses'][0]['id']}/").json()
    assert analysis == submitted["analyses"][0]
    assert (analysis["metadata"]["sex"], analysis["metadata"]["localization"]) == ("female", "back")
    assert analysis["metadata"]["age"] > 70
    assert analysis["model_version"] == {
        "id": str(active_model.pk), "name": active_model.name, "version": active_model.version,
        "sha256": active_model.sha256,
    }  # fmt: skip
    assert len(active_model.sha256) == 64
    assert analysis["state"] == "succeeded"
    assert set(analysis["probabilities"]) == DIAGNOSES
    assert sum(analysis["probabilities"].values()) == pytest.approx(1, abs=1e-6)
    malignant = sum(analysis["probabilities"][code] for code in ("mel", "bcc", "akiec"))
    assert analysis["malignancy"] == pytest.approx(malignant, abs=1e-6)
    assert analysis["tier"] in {"urgent", "soon", "routine"}
    assert set(analysis["heatmaps"]) == DIAGNOSES
    assert analysis["quality"]["verdict"] == "passed"


@pytest.mark.usefixtures("active_model")
def test_the_same_bytes_and_metadata_give_the_same_answer(north, api, upload, work, draft):
    answers = []
    for case in (draft, CaseFactory(patient=draft.patient)):
        assert upload(north.staff, case, draft.lesion).status_code == 201
        api(north.staff).post(f"/api/v1/cases/{case.pk}/submit/")
        work(case.pk)
        analysis = api(north.staff).get(f"/api/v1/cases/{case.pk}/").json()["analyses"][0]
        answers.append({field: analysis[field] for field in ("input_hash", "probabilities", "attributions", "tier")})
    assert answers[0] == answers[1]


def test_a_dermatologist_finds_it_in_the_worklist_claims_it_and_overrides(submitted, north, api):
    reader = api(north.dermatologist)
    row = reader.get("/api/v1/worklist/").json()["results"][0]
    assert row["id"] == submitted["id"]
    assert row["rank"] == 1
    assert row["rank_reason"].endswith((".", "!"))
    assert reader.post(f"/api/v1/cases/{submitted['id']}/claim/").json()["state"] == "in_review"
    read = reader.post(
        f"/api/v1/cases/{submitted['id']}/reads/",
        {"decision": "override", "diagnosis": "bkl", "management": "reassure", "reason": "dermoscopic_criteria"},
    )
    assert read.status_code == 201
    assert read.json()["signed_at"]
    case = reader.get(f"/api/v1/cases/{submitted['id']}/").json()
    assert case["state"] == "decided"
    assert case["reads"] == [read.json()]
    assert case["analyses"] == submitted["analyses"]  # the network's word stands as it was


def test_the_admin_takes_the_trail_away_as_csv(submitted, north, api):
    admin = api(north.admin)
    report = admin.post("/api/v1/audit-reports/", {})
    assert report.status_code == 201
    answer = admin.get(f"/api/v1/audit-reports/{report.json()['id']}/download/?format=csv")
    assert answer["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert len(rows) == report.json()["events"]
    assert {"patient_registered", "image_attached", "case_submitted", "case_ready"} <= {row["action"] for row in rows}
    assert [int(row["seq"]) for row in rows] == list(range(1, len(rows) + 1))


def test_each_heatmap_is_a_picture_that_lies_on_the_stored_one(answered, north, api):
    reader = api(north.dermatologist)
    analysis = reader.get(f"/api/v1/analyses/{answered.analysis.pk}/").json()
    stored = Image.open(io.BytesIO(b"".join(reader.get(f"/api/v1/images/{analysis['image']}/file/").streaming_content)))
    for address in analysis["heatmaps"].values():
        answer = reader.get(address)
        assert answer["Content-Type"] == "image/png"
        assert "sandbox" in answer["Content-Security-Policy"]
        heat = Image.open(io.BytesIO(answer.content))
        assert (heat.mode, heat.size) == ("RGBA", stored.size)


def test_a_password_buys_a_token_that_opens_the_api(north, api):
    answer = api().post("/api/v1/auth/token/", {"username": north.staff.username, "password": PASSWORD})
    assert answer.status_code == 200
    nobody = api()
    nobody.credentials(HTTP_AUTHORIZATION=f"Token {answer.json()['token']}")
    assert nobody.get("/api/v1/patients/").status_code == 200
