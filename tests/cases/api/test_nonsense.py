"""Whatever a field holds, the answer is a refusal in words: never a fault."""

import json

import pytest
from django.core.cache import cache

from tests.cases.api.test_permissions import ALLOWED, Stage
from tests.factories import PASSWORD

NONSENSE = [
    None, "", " ", "\x00", "\ud800", "x" * 5000, "<script>", "'; DROP TABLE cases_case; --", "nan", "-inf", "1e999",
    0, -1, 10**30, 1.5, True, [], {}, [[]], {"a": 1}, "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
    "0000-00-00", "2026-02-30", "00000000-0000-0000-0000-000000000000", "../../etc/passwd",
]  # fmt: skip
FIELDS = {
    "patients": ["identifier", "given_name", "birth_date", "sex"],
    "likely-patients": ["identifier", "given_name", "family_name", "birth_date"],
    "lesions": ["patient", "site", "laterality", "body_x"],
    "cases": ["patient", "reason", "size_mm", "itch"],
    "reads": ["decision", "diagnosis", "management", "reason", "comment"],
    "request-images": ["reason", "comment", "image"],
    "decline-retake": ["reason", "comment"],
    "uploads": ["lesion", "image_type", "captured_at", "replaces", "override_reason", "byte_size", "sha256"],
    "complete-upload": ["override_reason"],
    "audit-reports": ["since", "until", "action", "about", "by"],
    "saved-filters": ["name", "criteria", "is_default"],
    "saved-filter": ["name", "criteria", "is_default"],
}
LISTS = {
    "patients": ["cursor", "page_size"],
    "lesions": ["patient"],
    "cases": ["state", "patient"],
    "worklist": ["tier", "min_malignancy", "site", "state", "saved", "cursor", "page_size"],
    "audit-events": ["since", "until", "action", "about", "by", "cursor"],
}


@pytest.fixture
def stage(north):
    return Stage(north.clinic, north.dermatologist)


@pytest.mark.parametrize("field", ["view", "tier", "state", "site", "min_malignancy", "threshold", "nothing"])
def test_in_a_saved_filter(field, north, api):
    client = api(north.dermatologist)
    for number, value in enumerate(NONSENSE):
        body = json.dumps({"name": f"Filter {number}", "criteria": {field: value}})
        answer = client.generic("POST", "/api/v1/worklist-filters/", body, content_type="application/json")
        a_share = field in ("min_malignancy", "threshold") and value == 0
        assert answer.status_code == (201 if a_share else 422), value


def client_of(api, north, name):
    role = "dermatologist" if "dermatologist" in ALLOWED[name][0] else "admin"
    return api(getattr(north, role))


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_in_a_body(name, stage, north, api):
    address, body = stage.request(name)
    client = client_of(api, north, f"POST {name}")
    for field in FIELDS[name]:
        for value in NONSENSE:
            answer = client.generic(
                "POST", address, json.dumps({**body, field: value}), content_type="application/json"
            )
            assert answer.status_code < 500, (field, value)


@pytest.mark.parametrize("name", sorted(LISTS))
def test_in_a_query(name, stage, north, api):
    client = client_of(api, north, f"GET {name}")
    for field in LISTS[name]:
        for value in NONSENSE:
            if isinstance(value, str) and value != "\ud800":
                assert client.get(f"/api/v1/{name}/", {field: value}).status_code < 500, (field, value)


def test_in_a_form(stage, north, upload):
    for field in ("lesion", "image_type", "dermoscopic_type", "captured_at", "replaces"):
        for value in NONSENSE:
            if isinstance(value, str) and value != "\ud800":
                lesion = value if field == "lesion" else stage.lesion
                named = {} if field == "lesion" else {field: value}
                assert upload(north.staff, stage.draft, lesion, **named).status_code < 500, (field, value)


def test_in_credentials(north, api):
    for field in ("username", "password"):
        for value in NONSENSE:
            cache.clear()  # the limit on attempts is not what is asked about
            body = {"username": north.staff.username, "password": PASSWORD, field: value}
            answer = api().generic("POST", "/api/v1/auth/token/", json.dumps(body), content_type="application/json")
            assert answer.status_code < 500, (field, value)
