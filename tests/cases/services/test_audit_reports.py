"""Audit reports: what was asked for, always the same, and harmless in a spreadsheet."""

import csv
import io
from datetime import timedelta

import pytest
from django.utils import timezone

from cases.errors import Forbidden, InvalidInput, NotFound
from cases.services import audit
from cases.services.audit_reports import create_audit_report, download_audit_report, guarded
from cases.vocabulary import Action
from tests.factories import PatientFactory, UserFactory

pytestmark = pytest.mark.django_db


def rows(report, user):
    return list(csv.DictReader(io.StringIO("".join(download_audit_report(actor=user, report=report)))))


def test_a_report_holds_the_trail_up_to_its_request(north):
    for _ in range(3):
        audit.record(clinic=north.clinic, actor=north.staff, action=Action.CASE_VIEWED)
    report = create_audit_report(actor=north.admin)
    assert (report.events, report.first_seq, report.last_seq) == (3, 1, 3)
    first = rows(report, north.admin)
    assert [row["seq"] for row in first] == ["1", "2", "3"]
    assert {row["actor"] for row in first} == {north.staff.username}
    assert rows(report, north.auditor) == first  # the download before is an event, and not part of it
    downloads = audit.AuditEvent.objects.filter(action=Action.AUDIT_REPORT_DOWNLOADED)
    assert [event.actor for event in downloads] == [north.admin, north.auditor]


def test_a_report_can_be_about_one_action_one_object_one_person_or_a_period(north):
    patient = PatientFactory(clinic=north.clinic)
    audit.record_view(actor=north.staff, action=Action.PATIENT_VIEWED, about=patient)
    audit.record_view(actor=north.dermatologist, action=Action.CASES_LISTED)
    now = timezone.now()
    for wanted in (
        {"action": Action.PATIENT_VIEWED},
        {"about": str(patient.pk)},
        {"by": north.staff},
    ):
        report = create_audit_report(actor=north.admin, **wanted)
        assert [row["object_id"] for row in rows(report, north.admin)] == [str(patient.pk)], wanted
    assert create_audit_report(actor=north.admin, since=now + timedelta(hours=1)).events == 0
    assert create_audit_report(actor=north.admin, until=now - timedelta(hours=1)).events == 0


@pytest.mark.parametrize(
    ("wanted", "wrong"),
    [
        ({"since": timezone.now(), "until": timezone.now() - timedelta(days=1)}, "until"),
        ({"action": "everything"}, "action"),
    ],
)
def test_a_wrong_request_names_its_field(north, wanted, wrong):
    with pytest.raises(InvalidInput) as refusal:
        create_audit_report(actor=north.admin, **wanted)
    assert list(refusal.value.errors) == [wrong]


def test_a_person_of_another_clinic_is_not_found(north, south):
    with pytest.raises(InvalidInput):
        create_audit_report(actor=north.admin, by=south.staff)


def test_reports_stay_in_the_clinic_and_with_their_roles(north, south):
    report = create_audit_report(actor=north.admin)
    with pytest.raises(NotFound):
        download_audit_report(actor=south.admin, report=report)
    for act in (
        lambda: create_audit_report(actor=north.staff),
        lambda: download_audit_report(actor=north.staff, report=report),
    ):
        with pytest.raises(Forbidden):
            act()


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(text):
    assert guarded(text) == f"'{text}"


def test_a_login_name_that_is_a_formula_is_disarmed(north):
    mallory = UserFactory(clinic=north.clinic, role="staff", username='=HYPERLINK("http://x")')
    audit.record(clinic=north.clinic, actor=mallory, action=Action.CASE_VIEWED)
    (row,) = rows(create_audit_report(actor=north.admin), north.admin)
    assert row["actor"].startswith("'=")


def test_lines_are_read_as_they_are_sent(north, django_assert_num_queries):
    for _ in range(3):
        audit.record(clinic=north.clinic, actor=None, action=Action.CASE_VIEWED)
    lines = download_audit_report(actor=north.admin, report=create_audit_report(actor=north.admin))
    with django_assert_num_queries(0):
        assert next(lines).startswith("seq,at,actor")
    with django_assert_num_queries(1):
        assert len(list(lines)) == 3
