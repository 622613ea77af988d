"""Who may be registered already: found while typing, by indexes, in this clinic alone."""

from datetime import date, timedelta

import pytest
from django.db import connection

from cases.errors import Forbidden
from cases.models import Patient
from cases.selectors import likely_patients as module
from cases.selectors.likely_patients import likely_patients
from tests.factories import PatientFactory

pytestmark = pytest.mark.django_db
BORN = date(1957, 3, 14)


@pytest.fixture
def jose(north):
    return PatientFactory(
        clinic=north.clinic, identifier="MRN-A1", given_name="José", family_name="Núñez", birth_date=BORN
    )


@pytest.fixture
def asked(north, jose):
    """`asked(…)`: (who, why) as staff of the clinic are told; PatientFactory's others are there too."""
    PatientFactory.create_batch(3, clinic=north.clinic)
    return lambda **typed: [(each.patient, each.why) for each in likely_patients(north.staff, **typed) or []]


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ({"identifier": " mrn-a1 "}, "Same identifier"),
        ({"identifier": "MRN-A1", "family_name": "Somebody", "birth_date": date(2000, 1, 1)}, "Same identifier"),
        ({"birth_date": BORN}, "Same birth date"),
        ({"birth_date": BORN, "family_name": "Nunes"}, "Same birth date and a like name"),
        ({"birth_date": BORN, "family_name": "NU"}, "Same birth date and a like name"),
        ({"birth_date": BORN, "given_name": "Jose"}, "Same birth date and a like name"),
        ({"birth_date": BORN, "given_name": "Jose", "family_name": "Nunez"}, "Same birth date and name"),
        ({"given_name": "jose", "family_name": "nunez"}, "Same name"),
        ({"given_name": "Núñez", "family_name": "José"}, "Same name"),
        ({"given_name": "Jose", "family_name": "Nunez", "birth_date": date(1990, 1, 1)}, "Same name"),
        ({"family_name": "nuñ"}, "Name begins alike"),
        ({"family_name": "Nune", "given_name": "J"}, "Name begins alike"),
    ],
)
def test_it_says_why(asked, jose, typed, why):
    assert asked(**typed) == [(jose, why)]


@pytest.mark.parametrize(
    "typed",
    [
        {},
        {"family_name": "Nu"},
        {"given_name": "José"},
        {"identifier": "MRN-A"},
        {"identifier": "MRN"},
        {"birth_date": BORN, "family_name": "Quirke", "given_name": "Thomas"},
        {"family_name": "Nune", "given_name": "Maria"},
        {"family_name": "Nune", "birth_date": date(1990, 1, 1)},
    ],
)
def test_nobody_is_named_without_a_reason(asked, typed):
    assert asked(**typed) == []


def test_too_little_is_not_looked_for(north, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert likely_patients(north.staff, family_name="Nu", given_name="José") is None


def test_the_likeliest_come_first_and_five_at_most(north, jose):
    same_name = PatientFactory(clinic=north.clinic, given_name="Jose", family_name="Nunez", birth_date=None)
    PatientFactory.create_batch(6, clinic=north.clinic, family_name="Nunezovic", birth_date=None)
    PatientFactory.create_batch(2, family_name="Núñez", given_name="José", birth_date=BORN)  # of other clinics
    told = likely_patients(north.staff, given_name="José", family_name="Núñez", birth_date=BORN)
    assert [each.patient for each in told] == [jose, same_name]
    told = likely_patients(north.staff, family_name="Nunez")
    assert len(told) == 5
    assert {each.patient.clinic for each in told} == {north.clinic}


@pytest.mark.parametrize("role", ["admin", "auditor"])
def test_it_is_for_those_who_register(north, role):
    with pytest.raises(Forbidden):
        likely_patients(getattr(north, role), family_name="Nunez")


def _person(number):
    """Each with a beginning of the name and a birth date that few share."""
    letters = "".join(chr(97 + number // 26**place % 26) for place in range(3))
    return {"identifier": f"M-{number}", "family_name": letters, "birth_date": BORN + timedelta(days=1 + number)}


@pytest.mark.parametrize(
    ("typed", "index"),
    [
        ({"identifier": "MRN-A1"}, "patient_identifier_once_per_clinic"),
        ({"birth_date": BORN}, "patient_by_birth_date"),
        ({"family_name": "Nunez"}, "patient_by_family_name"),
    ],
)
def test_each_question_goes_by_an_index(north, jose, monkeypatch, typed, index):
    """The plan is asked of the database itself, over a register that is large enough for an index to be worth it."""
    many = (
        PatientFactory.build(clinic=north.clinic, created_by=north.staff, **_person(number)) for number in range(900)
    )
    Patient.objects.bulk_create(many)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE cases_patient")
    plans = []
    ask = Patient.objects.all()._fetch_all.__func__

    def explained(queryset):
        if queryset.model is Patient and queryset._result_cache is None:
            plans.append(queryset.explain())
        ask(queryset)

    monkeypatch.setattr(type(Patient.objects.all()), "_fetch_all", explained)
    assert likely_patients(north.staff, **typed)
    assert len(plans) == 1
    assert index in plans[0]


def test_of_a_very_common_beginning_only_so_many_are_looked_at(north, monkeypatch):
    monkeypatch.setattr(module, "_CANDIDATES", 2)
    PatientFactory.create_batch(4, clinic=north.clinic, family_name="Schmidt", birth_date=None)
    assert len(likely_patients(north.staff, family_name="Schmidt")) == 2


def test_the_very_name_is_found_however_many_begin_alike(north, monkeypatch):
    monkeypatch.setattr(module, "_CANDIDATES", 2)
    for given, family in (("Ada", "Müller"), ("Bea", "Müller"), ("Cleo", "Müllerin"), ("Dora", "Müll")):
        PatientFactory(clinic=north.clinic, given_name=given, family_name=family)
    meant = PatientFactory(clinic=north.clinic, given_name="Zoe", family_name="Müller")
    for typed in ({"family_name": "Müller", "given_name": "Zoe"}, {"family_name": "Müller", "given_name": "Zo"}):
        assert [each.patient for each in likely_patients(north.staff, **typed)] == [meant]
    assert [each.patient for each in likely_patients(north.staff, family_name="Zoe", given_name="Müller")] == [meant]
