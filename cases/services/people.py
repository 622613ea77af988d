"""Clinics and their logins."""

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from cases.errors import Conflict, InvalidInput
from cases.models import Clinic, Membership, User
from cases.services import audit
from cases.services.checks import Problems
from cases.vocabulary import Action, Role


@transaction.atomic
def add_member(
    *, clinic: Clinic, username: str, password: str, role: str, actor: User | None = None, **names: str
) -> User:
    """Make a login with one role in one clinic. `names`: first_name, last_name, email."""
    problems = Problems()
    problems.text("username", username, longest=150)
    problems.choice("role", role, Role)
    problems.raise_if_any()
    if User.objects.filter(username=username).exists():
        raise Conflict(f"The login name {username} is taken.")
    user = User(username=username, **names)
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise InvalidInput({"password": error.messages}) from error
    user.set_password(password)
    user.save(force_insert=True)
    Membership.objects.create(user=user, clinic=clinic, role=role)
    audit.record(clinic=clinic, actor=actor, action=Action.MEMBER_ADDED, about=user, payload={"role": role})
    return user
