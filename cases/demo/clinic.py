"""The demo clinic with one login per role. Passwords are random, and kept in the data folder for its owner only."""

import json
import secrets
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import transaction

from cases.errors import DomainError
from cases.models import Clinic, ModelVersion, User
from cases.services import model_registry, people
from cases.vocabulary import Role

SLUG: Final = "demo"
ROLES: Final = (Role.STAFF, Role.DERMATOLOGIST, Role.ADMIN)

Logins = dict[str, dict[str, str]]  # role → {"username": …, "password": …}


def logins_file() -> Path:
    return Path(settings.DATA_DIR) / "demo-logins.json"


def ensure_demo_clinic() -> tuple[Clinic, Logins]:
    """The clinic and its logins, made where they are missing; a second call gives the same ones."""
    with transaction.atomic():
        clinic, _ = Clinic.objects.get_or_create(slug=SLUG, defaults={"name": "Demo Clinic", "is_demo": True})
        logins = _kept_logins() or {role.value: _new_login(role) for role in ROLES}
        for role in ROLES:
            _ensure_member(clinic, role, **logins[role.value])
    _keep(logins)
    return clinic, logins


def ensure_model(clinic: Clinic) -> ModelVersion | None:
    """The shipped bundle, active. One that is new on this machine takes over; a later choice of the admin stays."""
    bundle = model_registry.shipped_bundle(Path(settings.MODELS_DIR), settings.MODEL_BUNDLE)
    before = set(ModelVersion.objects.of_clinic(clinic).values_list("pk", flat=True))
    shipped = model_registry.register_model(clinic=clinic, bundle=bundle)
    if shipped.pk not in before:
        model_registry.stage_model(model_version=shipped)
        model_registry.activate_model(model_version=shipped)
    return ModelVersion.objects.of_clinic(clinic).active().first()


def _ensure_member(clinic: Clinic, role: Role, *, username: str, password: str) -> None:
    user = User.objects.filter(username=username).first()
    if user is None:
        people.add_member(clinic=clinic, username=username, password=password, role=role)
    elif user.clinic != clinic:
        raise DomainError(f"The login {username} is of another clinic; remove {logins_file().name} to make new ones.")
    elif not user.check_password(password):
        user.set_password(password)  # the file was lost or edited: what it says now is what works
        user.save(update_fields=["password"])


def _new_login(role: Role) -> dict[str, str]:
    return {"username": f"demo-{role.value}", "password": secrets.token_urlsafe(12)}


def _kept_logins() -> Logins | None:
    try:
        logins = json.loads(logins_file().read_text())
        return {role.value: {key: str(logins[role.value][key]) for key in ("username", "password")} for role in ROLES}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _keep(logins: Logins) -> None:
    path = logins_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(json.dumps(logins, indent=2) + "\n")
