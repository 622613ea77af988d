"""The register: patients, lesions, and what it refuses."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from cases.errors import Conflict, Forbidden, InvalidInput, NotFound
from cases.models import AuditEvent, Lesion, Patient
from cases.services import lesions, patients
from cases.vocabulary import Action
from inference.metadata import Metadata
from tests.factories import PatientFactory

pytestmark = pytest.mark.django_db

ADA = {"identifier": "MRN-1", "given_name": "Ada", "family_name": "Lovelace"}


def test_a_patient_has_a_pseudonym_and_unknowns(north):
    patient = patients.register_patient(actor=north.staff, **ADA)
    assert patient.pseudonym.startswith("P-")
    assert len(patient.pseudonym) == 10
    assert (patient.sex, patient.skin_type, patient.birth_date) == ("unknown", "unknown", None)
    assert patient.clinic == north.clinic


@pytest.mark.parametrize("identifier", ["  MRN-1 ", "mrn-1"])
def test_the_same_identifier_is_a_conflict_with_the_patient_already_there(north, identifier):
    first = patients.register_patient(actor=north.staff, **ADA)
    with pytest.raises(Conflict) as refusal:
        patients.register_patient(actor=north.dermatologist, **{**ADA, "identifier": identifier})
    assert refusal.value.existing == first
    assert "MRN-1" not in str(refusal.value)
    assert Patient.objects.count() == 1


def test_another_clinic_may_use_the_same_identifier(north, south):
    patients.register_patient(actor=north.staff, **ADA)
    patients.register_patient(actor=south.staff, **ADA)
    assert Patient.objects.count() == 2


@pytest.mark.parametrize("again", ["X", "x"])
def test_the_database_holds_the_rule_too(north, again):
    PatientFactory(clinic=north.clinic, identifier="X")
    with pytest.raises(IntegrityError), transaction.atomic():
        PatientFactory(clinic=north.clinic, identifier=again)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("identifier", "  "),
        ("identifier", "x" * 65),
        ("given_name", ""),
        ("family_name", ""),
        ("birth_date", timezone.localdate() + timedelta(days=2)),
        ("birth_date", date(1850, 1, 1)),
        ("sex", "yes"),
        ("skin_type", "VII"),
        ("personal_melanoma", ""),
    ],
)
def test_a_wrong_field_is_named(north, field, value):
    with pytest.raises(InvalidInput) as refusal:
        patients.register_patient(actor=north.staff, **{**ADA, field: value})
    assert list(refusal.value.errors) == [field]
    assert not Patient.objects.exists()
    assert not AuditEvent.objects.exists()


def test_a_birth_date_is_refused_exactly_where_the_network_would_refuse_the_age(north):
    today = timezone.localdate()
    oldest = today.replace(year=today.year - 120, day=min(today.day, 28))
    patient = patients.register_patient(actor=north.staff, **ADA, birth_date=oldest)
    Metadata(age=patient.age_on(today))
    too_old = oldest.replace(year=today.year - 121)
    with pytest.raises(InvalidInput, match="121 years ago; at most 120"):
        patients.register_patient(actor=north.staff, **{**ADA, "identifier": "MRN-2"}, birth_date=too_old)


def test_everything_wrong_is_told_at_once(north):
    with pytest.raises(InvalidInput) as refusal:
        patients.register_patient(actor=north.staff, identifier="", given_name="", family_name="L", sex="x")
    assert set(refusal.value.errors) == {"identifier", "given_name", "sex"}


def test_an_auditor_registers_nobody(north):
    with pytest.raises(Forbidden):
        patients.register_patient(actor=north.auditor, **ADA)


def test_the_trail_tells_of_it_without_a_name(north):
    patient = patients.register_patient(actor=north.staff, **ADA)
    event = AuditEvent.objects.get(action=Action.PATIENT_REGISTERED)
    assert (event.actor, event.object_id) == (north.staff, str(patient.pk))
    told = str(event.payload) + event.object_id + event.purpose
    assert not any(word in told for word in ADA.values())


@pytest.mark.parametrize(("day", "age"), [(date(2026, 4, 11), 67), (date(2026, 4, 12), 68), (date(1950, 1, 1), 0)])
def test_age_counts_whole_years(day, age):
    assert Patient(birth_date=date(1958, 4, 12)).age_on(day) == age
    assert Patient(birth_date=None).age_on(day) is None


def test_search_finds_by_every_word_of_the_clinic(north):
    ada = PatientFactory(clinic=north.clinic, given_name="Ada", family_name="Lovelace", identifier="A-17")
    PatientFactory(clinic=north.clinic, given_name="Ada", family_name="Byron")
    for words in ("ada love", "lovelace", "A-17", ada.pseudonym, ada.pseudonym[2:6]):
        assert list(Patient.objects.matching(words)) == [ada], words
    assert Patient.objects.matching("ada").count() == 2


@pytest.mark.parametrize(
    ("given", "family", "words"),
    [
        ("Ana", "Garcia de Leon", "Ana Garcia de Leon"),
        ("Anna Li", "Nguyen", "Anna Li Nguyen"),
        ("Thi Ly", "Pham", "Pham Thi Ly"),
        ("Mary Jo", "Smith", "Jo Smith"),
        ("Mary Jo", "Smith", "Mary Jo"),
        ("John Andrew", "Smith", "Smith J A"),
        ("Li Na", "Ng", "Ng Li Na"),
        ("Li Na", "Ng", "Li Na"),
    ],
)
def test_a_name_is_found_as_it_is_said_however_short_its_parts(north, given, family, words):
    sought = PatientFactory(clinic=north.clinic, given_name=given, family_name=family)
    PatientFactory(clinic=north.clinic, given_name="Ada", family_name="Byron")
    assert list(Patient.objects.matching(words)) == [sought]


def test_short_words_alone_have_to_begin_a_name_with_the_first_of_them(north):
    PatientFactory(clinic=north.clinic, given_name="Li Na", family_name="Ng")
    assert not Patient.objects.matching("na li")


def test_lesions_are_numbered_per_patient(north):
    patient, other = PatientFactory.create_batch(2, clinic=north.clinic)
    first = lesions.register_lesion(actor=north.staff, patient=patient, site="back", laterality="left")
    second = lesions.register_lesion(actor=north.staff, patient=patient, site="unknown")
    elsewhere = lesions.register_lesion(actor=north.staff, patient=other, site="scalp")
    assert [str(lesion) for lesion in (first, second, elsewhere)] == ["L1", "L2", "L1"]
    assert (first.general_site, second.general_site) == ("posterior torso", None)


def test_a_lesion_of_a_foreign_patient_cannot_be_registered(north, south):
    with pytest.raises(NotFound):
        lesions.register_lesion(actor=south.staff, patient=PatientFactory(clinic=north.clinic), site="back")
    assert not Lesion.objects.exists()


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"site": ""}, "site"),
        ({"site": "elbow"}, "site"),
        ({"site": "back", "laterality": "up"}, "laterality"),
        ({"site": "back", "body_x": 0.5}, "body_y"),
        ({"site": "back", "body_x": 1.5, "body_y": 0.5}, "body_x"),
    ],
)
def test_a_wrong_field_of_a_lesion_is_named(north, fields, wrong):
    with pytest.raises(InvalidInput) as refusal:
        lesions.register_lesion(actor=north.staff, patient=PatientFactory(clinic=north.clinic), **fields)
    assert wrong in refusal.value.errors


def test_a_correction_changes_what_is_named_and_the_trail_tells_no_value(north):
    patient = PatientFactory(clinic=north.clinic, sex="male")
    patients.correct_patient(
        actor=north.staff, patient=patient, sex="female", birth_date=date(1961, 2, 3), given_name="Ada"
    )
    patient.refresh_from_db()
    assert (patient.sex, patient.birth_date, patient.skin_type) == ("female", date(1961, 2, 3), "II")
    event = AuditEvent.objects.get(action=Action.PATIENT_CORRECTED)
    assert (event.actor, event.object_id) == (north.staff, str(patient.pk))
    assert event.payload == {"fields": ["birth_date", "sex"]}


def test_a_correction_that_changes_nothing_is_no_event(north):
    patient = PatientFactory(clinic=north.clinic)
    patients.correct_patient(actor=north.staff, patient=patient, sex=patient.sex, identifier=f" {patient.identifier} ")
    assert not AuditEvent.objects.exists()


def test_a_correction_obeys_the_rules_of_the_register(north, south):
    patient, other = PatientFactory.create_batch(2, clinic=north.clinic)
    for wrong in ({"sex": "yes"}, {"birth_date": date(1850, 1, 1)}, {"given_name": ""}, {"pseudonym": "P-1"}):
        with pytest.raises(InvalidInput) as refusal:
            patients.correct_patient(actor=north.staff, patient=patient, **wrong)
        assert list(refusal.value.errors) == list(wrong)
    with pytest.raises(Conflict) as refusal:
        patients.correct_patient(actor=north.staff, patient=patient, identifier=other.identifier.lower())
    assert refusal.value.existing == other
    with pytest.raises(NotFound):
        patients.correct_patient(actor=south.staff, patient=patient, sex="male")
    with pytest.raises(Forbidden):
        patients.correct_patient(actor=north.admin, patient=patient, sex="male")
    assert Patient.objects.get(pk=patient.pk).sex == "female"
    assert not AuditEvent.objects.exists()
