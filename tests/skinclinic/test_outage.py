"""While the database is away people read a sentence, and programs a problem with a time to come back."""

import pytest
from django.db import InterfaceError, OperationalError
from django.http import HttpResponse
from django.urls import path

from skinclinic.urls import urlpatterns as real

pytestmark = pytest.mark.django_db


def fails(request, kind):
    raise {"gone": OperationalError, "closed": InterfaceError, "fault": ValueError}[kind]("host=db password=hunter2")


urlpatterns = [path("fails/<str:kind>", fails), path("api/fails/<str:kind>", fails), *real]


@pytest.fixture(autouse=True)
def _with_failing_pages(settings, client):
    settings.ROOT_URLCONF = __name__
    client.raise_request_exception = False


@pytest.mark.parametrize("kind", ["gone", "closed"])
def test_a_person_reads_a_sentence(client, kind):
    answer = client.get(f"/fails/{kind}")
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert b"not certain" in answer.content
    assert b"hunter2" not in answer.content


@pytest.mark.parametrize("kind", ["gone", "closed"])
def test_a_program_reads_a_problem(client, kind):
    answer = client.get(f"/api/fails/{kind}")
    assert (answer.status_code, answer["Content-Type"]) == (503, "application/problem+json")
    assert answer.json()["status"] == 503
    assert b"hunter2" not in answer.content


def test_any_other_fault_stays_a_fault(client):
    assert client.get("/fails/fault").status_code == 500


def test_nothing_else_is_touched(client):
    assert isinstance(client.get("/healthz"), HttpResponse)
    assert client.get("/healthz").status_code == 200
