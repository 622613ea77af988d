import io

import pytest
from django.core.management import CommandError, call_command

from cases.models import Clinic, User

pytestmark = pytest.mark.django_db


def _run(*words: str) -> str:
    out = io.StringIO()
    call_command("clinic", *words, stdout=out)
    return out.getvalue()


def test_a_clinic_is_opened_and_its_first_person_can_sign_in(client) -> None:
    _run("open", "West Clinic")
    password = _run("member", "rosa", "--role", "admin").split()[-1]
    assert Clinic.objects.get().slug == "west-clinic"
    user = User.objects.get(username="rosa")
    assert (user.role, user.clinic.name) == ("admin", "West Clinic")
    assert client.login(username="rosa", password=password)


def test_a_taken_name_is_refused_and_changes_nothing() -> None:
    _run("open", "West Clinic")
    with pytest.raises(CommandError, match="choose one with --clinic"):
        _run("open", "West Clinic")
    _run("member", "rosa", "--role", "staff")
    with pytest.raises(CommandError, match="rosa is taken"):
        _run("member", "rosa", "--role", "admin")
    assert User.objects.get().role == "staff"


def test_with_several_clinics_one_must_be_named() -> None:
    _run("open", "West Clinic")
    _run("open", "East Clinic")
    with pytest.raises(CommandError, match="there are: east-clinic, west-clinic"):
        _run("member", "rosa", "--role", "staff")
    assert "rosa" in _run("--clinic", "east-clinic", "member", "rosa", "--role", "staff")
    assert User.objects.get().clinic.slug == "east-clinic"
