"""The one place that reads the process environment, and the secrets that a data folder keeps."""

import secrets
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent.parent

env = environ.FileAwareEnv()  # every variable may also be given as NAME_FILE, as containers do

# What people copy from an example; a deployment that kept one is refused at start.
_PLACEHOLDERS = ("change", "example", "placeholder", "secret-key", "insecure")
_SECRET_LENGTH = 50


def kept_secret(folder: Path, name: str) -> str:
    """The secret of that name in the data folder, made at first use and readable by its owner only."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / name
    if not path.exists():
        draft = folder / f".{name}.{secrets.token_hex(8)}"
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(48))
        try:
            # A hard link is the atomic "only if absent": two first starts agree on one secret.
            path.hardlink_to(draft)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()


def required_secret(name: str) -> str:
    """A secret without a default: missing, short or copied from an example stops the start."""
    value: str = env.str(name, default="")
    if len(value) < _SECRET_LENGTH or any(word in value.lower() for word in _PLACEHOLDERS):
        raise ImproperlyConfigured(
            f"{name} must hold a random secret of at least {_SECRET_LENGTH} characters "
            "(python -c 'import secrets; print(secrets.token_urlsafe(48))')."
        )
    return value
