"""Pages hold still while rows arrive."""

import base64
import json

import pytest
from django.utils import timezone

from cases.models import AuditEvent, Case, Patient
from tests.cases.api.conftest import answered_case
from tests.factories import CaseFactory, PatientFactory


def walk(client, address, *, size, between=lambda: None):
    """The ids of every row, page after page; `between` happens before each next page."""
    ids, link = [], f"{address}{'&' if '?' in address else '?'}page_size={size}"
    while link:
        page = client.get(link).json()
        assert len(page["results"]) <= size
        ids += [row["id"] for row in page["results"]]
        link = page["next"]
        between()
    return ids


@pytest.mark.parametrize("size", [1, 3, 7, 50])
def test_every_row_once_and_newest_first(size, north, api):
    patients = PatientFactory.create_batch(7, clinic=north.clinic)
    assert walk(api(north.staff), "/api/v1/patients/", size=size) == [str(p.pk) for p in reversed(patients)]


def test_rows_that_arrive_meanwhile_shift_no_others(north, api):
    patients = PatientFactory.create_batch(9, clinic=north.clinic)
    seen = walk(api(north.staff), "/api/v1/patients/", size=2, between=lambda: PatientFactory(clinic=north.clinic))
    assert seen == [str(p.pk) for p in reversed(patients)]


def test_rows_of_one_moment_have_their_places_too(north, api):
    PatientFactory.create_batch(6, clinic=north.clinic)
    moment = timezone.now()
    Patient.objects.update(created_at=moment)

    def arrive():
        PatientFactory(clinic=north.clinic)
        Patient.objects.update(created_at=moment)

    before = set(map(str, Patient.objects.values_list("pk", flat=True)))
    seen = walk(api(north.staff), "/api/v1/patients/", size=2, between=arrive)
    assert len(seen) == len(set(seen))
    assert before <= set(seen)


def test_a_filter_stays_on_the_next_pages(north, api):
    patient = PatientFactory(clinic=north.clinic)
    CaseFactory.create_batch(5, patient=patient)
    CaseFactory.create_batch(2, patient__clinic=north.clinic)
    assert len(walk(api(north.staff), f"/api/v1/cases/?patient={patient.pk}&state=draft", size=2)) == 5


def test_the_trail_that_grows_by_being_read(north, api):
    for _ in range(6):
        api(north.staff).get("/api/v1/patients/")
    before = [str(pk) for pk in AuditEvent.objects.order_by("-seq").values_list("pk", flat=True)]
    assert walk(api(north.admin), "/api/v1/audit-events/", size=2) == before


def test_the_worklist_keeps_the_order_of_its_first_page(north, api):
    cases = [answered_case(north.clinic, flagged=bool(n % 2)) for n in range(6)]
    reader = api(north.dermatologist)
    order = [row["id"] for row in reader.get("/api/v1/worklist/").json()["results"]]
    seen = walk(reader, "/api/v1/worklist/", size=2, between=lambda: answered_case(north.clinic, flagged=True))
    assert [case for case in seen if case in order] == order
    assert len(seen) == len(set(seen))
    assert set(order) == {str(case.pk) for case in cases}


def test_the_worklist_goes_on_behind_a_case_that_was_decided_meanwhile(north, api):
    for _ in range(5):
        answered_case(north.clinic)
    reader = api(north.dermatologist)
    order = [row["id"] for row in reader.get("/api/v1/worklist/").json()["results"]]
    first = reader.get("/api/v1/worklist/?page_size=2").json()
    Case.objects.filter(pk=order[1]).update(state="decided", decided_at=timezone.now())
    rest = reader.get(first["next"].replace("page_size=2", "page_size=50")).json()["results"]
    assert [row["id"] for row in rest] == order[2:]


@pytest.mark.parametrize("address", ["patients", "worklist", "audit-events"])
@pytest.mark.parametrize("cursor", ["x", "bnVsbA", "W10", "WzEsMiwzLDRd", "WyIyMDI2IiwgIjEiXQ", "%00", "eyJhIjoxfQ"])
def test_a_made_up_cursor_is_400(address, cursor, north, api):
    answer = api(north.admin).get(f"/api/v1/{address}/?cursor={cursor}")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["cursor"])


_ID = "7f8d0a52-3c1e-4f6b-9a57-0a9c1d2e3f40"
_NOW = "2026-01-01T00:00:00+00:00"
CRAFTED = [
    ("patients", b"[" * 2900),  # deeper than Python follows
    ("worklist", b"[" * 2900),
    ("patients", b'["' + _NOW.encode() + b'", "' + _ID.encode() + b'"' + b" " * 600 + b"]"),  # longer than any of ours
    ("patients", ["0001-01-01T00:00:00+14:00", _ID]),  # before the calendar, once in UTC
    ("patients", ["9999-12-31T23:59:59-14:00", _ID]),
    ("patients", ["2026-01-01T00:00:00", _ID]),  # in no time zone
    ("patients", ["2026-01-01", _ID]),
    ("audit-events", b"[Infinity]"),
    ("worklist", [_NOW, 50, True, 1, 10**400, 0, _ID]),
    ("worklist", [0, 0, 0, 0, 10**309, 0, 0]),  # short enough, and still more than a float holds
    ("worklist", b'["' + _NOW.encode() + b'", 50, true, 1, Infinity, 0, "' + _ID.encode() + b'"]'),
    ("worklist", b'["' + _NOW.encode() + b'", 50, true, 1, 0, NaN, "' + _ID.encode() + b'"]'),
    ("worklist", [_NOW, True, 1, 0.5, _NOW, _ID]),  # of an earlier version
    ("worklist", [_NOW, 50, True, 1, 0.5, 0, "x"]),
    ("worklist", ["0001-01-01T00:00:00+14:00", 50, True, 1, 0.5, 0, _ID]),
    ("worklist", ["2026-01-01T00:00:00", 50, True, 1, 0.5, 0, _ID]),
]


@pytest.mark.parametrize(("address", "place"), CRAFTED)
def test_a_crafted_cursor_is_400(address, place, north, api):
    PatientFactory(clinic=north.clinic)
    answered_case(north.clinic)
    text = place if isinstance(place, bytes) else json.dumps(place).encode()
    cursor = base64.urlsafe_b64encode(text).decode().rstrip("=")
    answer = api(north.admin).get(f"/api/v1/{address}/?cursor={cursor}")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["cursor"])


@pytest.mark.parametrize("size", ["0", "-1", "201", "x", "1e9", "²"])
def test_a_page_size_beyond_its_bounds_is_400(size, north, api):
    answer = api(north.staff).get(f"/api/v1/patients/?page_size={size}")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["page_size"])
