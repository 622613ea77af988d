"""What a migration does to the rows that are there already."""

import importlib

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import IntegrityError, connection

from cases.models import Case, Patient
from cases.services.assessment import settle_case
from tests.factories import AnalysisFactory, CaseFactory, LesionImageFactory, PatientFactory, PredictionFactory

pytestmark = pytest.mark.django_db


def test_silence_is_found_in_the_cases_that_were_assessed_before(north):
    draft, unanswered, beside, overview, answered = (
        CaseFactory(patient__clinic=north.clinic, **kept) for kept in ({}, *[{"submitted": True}] * 4)
    )
    AnalysisFactory(image=LesionImageFactory(case=unanswered), abstained=True)
    for case in (beside, overview, answered):
        image = LesionImageFactory(case=case)
        PredictionFactory(analysis__image=image, malignancy=0.05, tier="urgent")
    AnalysisFactory(image=LesionImageFactory(case=beside), failed=True)
    same = LesionImageFactory(case=overview, lesion=overview.images.get().lesion)
    AnalysisFactory(image=same, abstained=True, abstain_reason="modality")
    for case in (unanswered, beside, overview, answered):
        settle_case(case.pk)
    assessed = set(Case.objects.filter(silent=True))
    assert assessed == {unanswered, beside}

    Case.objects.update(silent=False)
    importlib.import_module("cases.migrations.0003_case_silent").fill(apps, None)
    assert set(Case.objects.filter(silent=True)) == assessed
    assert draft not in assessed


def test_patients_of_before_are_found_without_their_accents_too(north):
    patients = [PatientFactory(clinic=north.clinic, given_name="José", family_name="Núñez") for _ in range(3)]
    Patient.objects.update(given_key="", family_key="", family_head="")
    migration = importlib.import_module("cases.migrations.0019_folded_names")
    migration.BATCH = 2
    migration.fill(apps, None)
    kept = set(Patient.objects.values_list("given_key", "family_key", "family_head"))
    assert kept == {("jose", "nunez", "nun")}
    assert Patient.objects.filter(family_key="nunez").count() == len(patients)


class BreaksOffAt:
    """Raises before the statement that holds these words, when it comes for the nth time; notes each filling."""

    def __init__(self, words, time=1):
        self.words, self.left, self.filled = words, time, []

    def __call__(self, execute, sql, params, many, context):
        if self.words in sql:
            self.left -= 1
            if not self.left:
                raise BrokenOff
        result = execute(sql, params, many, context)
        if sql.startswith(FILLING):
            self.filled.append((context["cursor"].rowcount, context["connection"].in_atomic_block))
        return result


class BrokenOff(Exception):
    pass


FILLING = 'UPDATE "cases_case" SET "patients_clinic_id"'
OWN_TRANSACTION = False


@pytest.mark.django_db(transaction=True)
def test_cases_of_before_get_the_clinic_of_their_patient_piece_by_piece_and_again_when_broken_off(
    north, south, monkeypatch
):
    cases = [CaseFactory(patient__clinic=each.clinic) for each in (north, south, north, south, north)]
    clinics = {case.pk: case.patient.clinic_id for case in cases}
    before = set(Case.objects.values_list("pk", "state", "updated_at"))
    indexes = indexes_of_cases()
    migration = importlib.import_module("cases.migrations.0024_clinic_of_a_case")
    monkeypatch.setattr(migration, "BATCH", 2)
    breaks = (
        (BreaksOffAt(FILLING, time=3), [(2, OWN_TRANSACTION)] * 2),
        (BreaksOffAt("case_by_clinic_and_state"), [(0, OWN_TRANSACTION)] * 2 + [(1, OWN_TRANSACTION)]),
        (BreaksOffAt("case_drafts_of_clinic"), [(0, OWN_TRANSACTION)] * 3),
    )
    try:
        call_command("migrate", "cases", "0023", verbosity=0)
        for broken, filled in breaks:
            with connection.execute_wrapper(broken), pytest.raises(BrokenOff):
                call_command("migrate", verbosity=0)
            assert broken.filled == filled
    finally:
        call_command("migrate", verbosity=0)
    assert dict(Case.objects.values_list("pk", "patients_clinic")) == clinics
    assert set(Case.objects.values_list("pk", "state", "updated_at")) == before
    assert indexes_of_cases() == indexes
    with pytest.raises(IntegrityError):
        Case.objects.update(patients_clinic=None)


def indexes_of_cases():
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, Case._meta.db_table)
    return {name: each["columns"] for name, each in found.items() if each["index"]}


def test_identifiers_that_differ_in_case_only_are_named_and_not_merged(north):
    migration = importlib.import_module("cases.migrations.0006_identifier_in_any_case")
    PatientFactory(clinic=north.clinic, identifier="A2")
    migration.refuse_doubles(apps, None)
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX patient_identifier_once_per_clinic")
    doubles = [PatientFactory(clinic=north.clinic, identifier=identifier) for identifier in ("A1", "a1")]
    with pytest.raises(ValueError, match=" and ".join(sorted(patient.pseudonym for patient in doubles))):
        migration.refuse_doubles(apps, None)
