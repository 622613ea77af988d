"""What every test of the clinic starts from: two clinics with a person per role, and a real, tiny network.

Django is imported inside the fixtures, so that tests of `inference` and `training` run without it.
"""

import importlib
from pathlib import Path
from types import SimpleNamespace

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture
def media(settings, tmp_path):
    """An empty media folder."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


def _clinic_with_people(name):
    from cases.vocabulary import Role
    from tests.factories import ClinicFactory, UserFactory

    clinic = ClinicFactory(name=name)
    people = {role.value: UserFactory(username=f"{role}-{clinic.slug}", clinic=clinic, role=role) for role in Role}
    return SimpleNamespace(clinic=clinic, **people)


@pytest.fixture
def north(db, media):
    """A clinic with `.staff`, `.dermatologist`, `.admin`, `.auditor`."""
    return _clinic_with_people("North")


@pytest.fixture
def south(db, media):
    """Another clinic, whose people must see nothing of the first."""
    return _clinic_with_people("South")


@pytest.fixture
def client_for(client):
    """`client_for(user)`: a browser that is signed in as this person."""

    def sign_in(user):
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def api(db):
    """`api(user)`: an API client with this person's token; `api()` is nobody."""
    from knox.models import AuthToken
    from rest_framework.test import APIClient

    def with_token(user=None):
        client = APIClient()
        if user is not None:
            _, token = AuthToken.objects.create(user)
            client.credentials(HTTP_AUTHORIZATION=f"Token {token}")
        return client

    return with_token


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory):
    """A real bundle with random weights."""
    from tests.bundles import build_tiny_bundle

    return build_tiny_bundle(tmp_path_factory.mktemp("models") / "tiny-0.0")


@pytest.fixture
def activate_tiny(tiny_bundle):
    """`activate_tiny(clinic)`: the tiny network answers in this clinic."""
    from cases.services import model_registry

    def activate(clinic):
        registered = model_registry.register_model(clinic=clinic, bundle=str(tiny_bundle.path))
        model_registry.stage_model(model_version=registered)
        return model_registry.activate_model(model_version=registered)

    return activate


@pytest.fixture
def active_model(north, activate_tiny):
    """The tiny network, active in the first clinic."""
    return activate_tiny(north.clinic)


@pytest.fixture(autouse=True)
def _emptiable_audit_trail(request):
    """A test with real transactions is cleaned up by emptying the tables, which the audit triggers refuse.

    They are taken off for that moment only: emptying ends with Django's post_migrate signal, which puts them back.
    """
    if not _has_real_transactions(request):
        yield
        return
    request.getfixturevalue("transactional_db")
    from django.db import connection
    from django.db.models.signals import post_migrate

    from cases import queue_triggers

    triggers = importlib.import_module("cases.migrations.0002_audit_triggers")

    def put_back(**_):
        if post_migrate.disconnect(put_back):
            with connection.schema_editor() as editor:
                triggers.protect(None, editor)

    yield
    with connection.schema_editor() as editor:
        triggers.unprotect(None, editor)
    if connection.vendor == "sqlite":  # which empties by DELETE: no tally shall be left of clinics that are gone
        queue_triggers.uninstall(connection)
    post_migrate.connect(put_back, weak=False)


def _has_real_transactions(request):
    marker = request.node.get_closest_marker("django_db")
    wanted = marker is not None and marker.kwargs.get("transaction")
    return wanted or bool({"transactional_db", "live_server"} & set(request.fixturenames))
