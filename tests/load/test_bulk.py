"""A clinic is never filled by mistake."""

import pytest
from django.db import connection

from tests.load.bulk import Unfit, refuse_unless_fit

pytestmark = pytest.mark.django_db


@pytest.fixture
def named(monkeypatch):
    """`named(name)`: the database as if it were called so."""
    return lambda name: monkeypatch.setitem(connection.settings_dict, "NAME", name)


@pytest.mark.skipif(connection.vendor == "postgresql", reason="about other databases")
def test_only_postgresql_is_filled(named):
    named("load")
    with pytest.raises(Unfit, match="only into a PostgreSQL database"):
        refuse_unless_fit()


def test_a_database_that_is_not_named_for_it_is_refused(named):
    named("skinclinic")
    with pytest.raises(Unfit, match="with “load” in its name"):
        refuse_unless_fit()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="about PostgreSQL")
def test_a_database_with_a_clinic_in_it_is_refused(named, north):
    named("load_test")
    with pytest.raises(Unfit, match="holds a clinic already"):
        refuse_unless_fit()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="about PostgreSQL")
def test_an_empty_database_that_is_named_for_it_will_do(named):
    named("load_test")
    refuse_unless_fit()
