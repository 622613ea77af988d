"""The command line of the clinic."""

import csv
import io

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from cases.models import AuditEvent, Case, ModelVersion
from cases.selectors.home import cases_in
from cases.services import audit, patients_clinic
from cases.vocabulary import Action
from tests.bundles import build_tiny_bundle
from tests.factories import CaseFactory

pytestmark = pytest.mark.django_db


def told(*words, **options):
    out = io.StringIO()
    call_command(*words, stdout=out, **options)
    return out.getvalue()


def test_models_are_added_listed_and_activated(north, tmp_path):
    bundle = build_tiny_bundle(tmp_path / "tiny")
    assert told("model", "add", str(tmp_path / "tiny")).startswith("shadow")
    assert bundle.sha256 in told("model", "list")
    assert told("model", "activate", bundle.sha256[:12]).startswith("active")
    assert ModelVersion.objects.get().stage == "active"
    with pytest.raises(CommandError, match="cannot become active"):
        told("model", "activate", "0.0")
    with pytest.raises(CommandError, match="0 versions"):
        told("model", "activate", "7.7")
    with pytest.raises(CommandError, match=r"manifest\.json"):
        told("model", "add", str(tmp_path))


def test_with_several_clinics_one_is_named(north, south, tmp_path):
    build_tiny_bundle(tmp_path / "tiny")
    with pytest.raises(CommandError, match=south.clinic.slug):
        told("model", "list")
    told("model", "--clinic", south.clinic.slug, "add", str(tmp_path / "tiny"))
    assert ModelVersion.objects.get().clinic == south.clinic


def test_the_trail_is_verified_and_the_first_bad_event_named(north, south, settings):
    for clinic in (north.clinic, south.clinic):
        audit.record(clinic=clinic, actor=None, action=Action.CASE_VIEWED)
    assert told("audit", "verify").count("1 events, whole") == 2
    settings.AUDIT_KEY = "x" * 40
    audit.record(clinic=north.clinic, actor=None, action=Action.CASE_VIEWED)
    with pytest.raises(CommandError, match="2 of 2"):
        told("audit", "verify")


def test_the_trail_is_exported(north, capsys):
    audit.record(clinic=north.clinic, actor=north.staff, action=Action.CASE_VIEWED, payload={"n": 1})
    told("audit", "export")
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert (row["seq"], row["action"], row["hash"]) == ("1", "case_viewed", AuditEvent.objects.get().hash)


def test_a_sweep_says_what_it_moved(north):
    assert "leases_taken_back: 0" in told("sweep", "--once")


def test_files_are_removed_in_bulk_only_when_somebody_says_so_once():
    with pytest.raises(CommandError, match="--once"):
        told("sweep", "--orphans")


def test_a_sweeper_is_alive_or_not(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    with pytest.raises(CommandError, match="No sweeper"):
        told("sweep", "--check")
    (tmp_path / "sweeper.alive").touch()
    told("sweep", "--check")


def test_the_doctor_finds_what_is_wrong(north, active_model):
    assert "SICK" not in told("doctor")
    ModelVersion.objects.update(sha256="0" * 64)
    with pytest.raises(CommandError, match="1 of 10"):
        told("doctor")


@pytest.fixture
def astray(north, south, active_model, activate_tiny):
    """Cases of both clinics, three of the first written down with the second past every service."""
    activate_tiny(south.clinic)
    cases = {each.clinic: [CaseFactory(patient__clinic=each.clinic) for _ in range(5)] for each in (north, south)}
    keys = [(Case._meta.pk.get_db_prep_value(each.pk, connection)) for each in cases[north.clinic][:3]]
    clinic = Case._meta.pk.get_db_prep_value(south.clinic.pk, connection)
    with connection.cursor() as cursor:
        for key in keys:
            cursor.execute("UPDATE cases_case SET patients_clinic_id = %s WHERE id = %s", [clinic, key])
    return cases


@pytest.mark.parametrize("at_once", [2, 20_000])
def test_a_case_listed_in_a_clinic_that_is_not_its_patients_is_told_and_put_right(
    north, south, astray, at_once, monkeypatch
):
    monkeypatch.setattr(patients_clinic, "_MOST", at_once)
    assert cases_in(north.staff, "draft").count() == 2
    with pytest.raises(CommandError, match="1 of 10"):
        told("doctor")
    with pytest.raises(RuntimeError, match="3 cases are listed in a clinic"):
        patients_clinic.ensure_right()
    before = set(Case.objects.values_list("pk", "updated_at"))
    assert "clinics_put_right: 3" in told("sweep", "--once")
    for each in (north, south):
        assert set(cases_in(each.staff, "draft")) == set(astray[each.clinic])
    assert set(Case.objects.values_list("pk", "updated_at")) == before
    assert "SICK" not in told("doctor")
    assert "clinics_put_right: 0" in told("sweep", "--once")
