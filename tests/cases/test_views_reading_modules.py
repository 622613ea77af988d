"""The scripts of the reading room are asked for at once: a module that is found by another one comes a journey later."""

import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.urls import reverse

from tests.factories import CaseFactory

pytestmark = pytest.mark.django_db


def imported(name):
    """The modules that this one asks for, and those that they ask for."""
    asked = set(re.findall(r'from "\./(\w+\.js)"', Path(finders.find(f"js/{name}")).read_text()))
    return asked.union(*map(imported, asked))


def test_no_module_waits_for_another(client_for, north):
    case = CaseFactory(patient__clinic=north.clinic, ready=True)
    page = client_for(north.dermatologist).get(reverse("cases:reading", args=[case.pk])).content.decode()
    asked = re.findall(r'rel="modulepreload" href="/static/js/(\w+\.js)"', page)
    assert "viewer.js" in asked
    assert set(asked) == imported("reading.js")
