"""Names as they are compared, whatever keyboard they were typed on."""

import pytest

from cases.models import Patient
from cases.names import fold
from tests.factories import PatientFactory


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("José", "jose"),
        ("JOSE", "jose"),
        ("Jose\u0301", "jose"),
        ("Müller-Lüdenscheidt", "mullerludenscheidt"),
        ("O’Brien", "obrien"),
        ("van der Berg", "vanderberg"),
        ("Straße", "strasse"),
        ("Łukasz Ørsted", "lukaszorsted"),
        ("Çelik Işık", "celikisik"),
        ("Анна", "анна"),
        ("  ", ""),
    ],
)
def test_marks_case_and_everything_between_letters_make_no_difference(name, key):
    assert fold(name) == key


@pytest.mark.django_db
def test_whoever_saves_a_patient_saves_how_the_name_is_compared():
    patient = PatientFactory(given_name="José", family_name="Núñez")
    assert (patient.given_key, patient.family_key, patient.family_head) == ("jose", "nunez", "nun")
    patient.family_name = "Ñandú"
    patient.save()
    assert Patient.objects.get().family_head == "nan"


@pytest.mark.django_db
def test_a_name_that_grows_when_it_is_folded_still_fits():
    patient = PatientFactory(given_name="\ufdfa" * 100)
    assert len(Patient.objects.get(pk=patient.pk).given_key) == 200
