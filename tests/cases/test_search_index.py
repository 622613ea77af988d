"""The search of patients: by an index where there is one, and the same without."""

import logging

import pytest
from django.db import connection

from cases import search_index
from cases.management.commands import doctor
from cases.models import Patient
from cases.receivers import on_migrated
from tests.factories import PatientFactory

pytestmark = pytest.mark.django_db
on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no index of parts")


@pytest.fixture
def josephine(north):
    PatientFactory(clinic=north.clinic, given_name="Ada", family_name="Byron", identifier="B-2")
    return PatientFactory(clinic=north.clinic, given_name="Joséphine", family_name="Halvorsen", identifier="A-17")


def run(*statements):
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@pytest.mark.parametrize("words", ["alvor", "JOSÉ halv", "a-17", "ha", "j", "jo ha", "halvorsen a-17"])
def test_parts_of_names_beginnings_of_two_letters_and_whole_identifiers_are_found(josephine, words):
    assert list(Patient.objects.matching(words)) == [josephine]


@pytest.mark.parametrize("words", ["al", "orsen ada", "a-1"])
def test_fewer_letters_have_to_be_the_beginning_and_every_word_has_to_fit(josephine, words):
    assert not Patient.objects.matching(words)


@pytest.mark.parametrize("cut", [slice(2, 6), slice(0, 4), slice(0, 2), slice(None)])
def test_a_pseudonym_is_found_by_its_parts_and_its_beginning(josephine, cut):
    assert josephine in Patient.objects.with_pseudonym(josephine.pseudonym[cut].upper())


@on_postgresql
@pytest.mark.parametrize("words", ["alvor", "ha", "jo halv"])
def test_no_way_to_be_known_needs_a_look_at_every_patient(josephine, words):
    run("SET LOCAL enable_seqscan = off", "SET LOCAL enable_indexscan = off")  # so few are read quickest one by one
    patients = Patient.objects.order_by()
    for found in (patients.matching(words), patients.with_pseudonym(josephine.pseudonym[2:6])):
        plan = found.explain()
        assert search_index.NAME in plan
        assert "Seq Scan" not in plan


@on_postgresql
def test_an_index_that_is_missing_is_made_by_the_next_migration(josephine):
    run("SET CONSTRAINTS ALL IMMEDIATE", f"DROP INDEX {search_index.NAME}")
    assert "slow" in doctor._search()
    on_migrated(using="default", plan=[])
    assert search_index.is_there(connection)
    assert doctor._search() == "names are searched by their index"


@on_postgresql
def test_where_the_extension_may_not_be_made_search_works_and_the_way_out_is_told(josephine, caplog):
    run("DROP EXTENSION pg_trgm CASCADE", "CREATE ROLE of_the_clinic")
    run("GRANT ALL ON SCHEMA public TO of_the_clinic", "GRANT ALL ON ALL TABLES IN SCHEMA public TO of_the_clinic")
    run("SET LOCAL ROLE of_the_clinic")
    with caplog.at_level(logging.WARNING, logger="cases.search_index"):
        search_index.ensure(connection)
    assert "permission denied" in caplog.text
    assert "CREATE EXTENSION pg_trgm" in caplog.text
    assert not search_index.is_there(connection)
    assert list(Patient.objects.matching("alvor")) == [josephine]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="about SQLite")
def test_sqlite_has_nothing_to_make():
    search_index.ensure(connection)
    assert doctor._search() == "names are searched one by one"
