"""Settings: production refuses to start without secrets, and every variable is documented."""

import os
import re
import subprocess
import sys

import pytest

from tests.processes import REPOSITORY

GOOD = {
    "DJANGO_SECRET_KEY": "q9Zt-Lm3" * 8,
    "AUDIT_KEY": "w7Xp_Rk2" * 8,
    "ALLOWED_HOSTS": "clinic.test",
}


def start(tmp_path, *command, module="skinclinic.settings.production", **env):
    clean = {key: value for key, value in os.environ.items() if key in ("PATH", "HOME")}
    return subprocess.run(
        [sys.executable, *command],
        cwd=REPOSITORY,
        env={**clean, "DJANGO_SETTINGS_MODULE": module, "DATA_DIR": str(tmp_path), **env},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def check(tmp_path, **env):
    return start(tmp_path, "manage.py", "check", "--deploy", "--fail-level=WARNING", **env)


def test_production_starts_with_its_secrets_and_passes_the_deployment_check(tmp_path):
    result = check(tmp_path, **GOOD)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    "change",
    [
        {"DJANGO_SECRET_KEY": ""},
        {"AUDIT_KEY": ""},
        {"DJANGO_SECRET_KEY": "short"},
        {"DJANGO_SECRET_KEY": "change-me-change-me-change-me-change-me"},
        {"AUDIT_KEY": "an-insecure-example-key-an-insecure-example"},
    ],
)
def test_production_refuses_a_missing_or_copied_secret(tmp_path, change):
    result = check(tmp_path, **{**GOOD, **change})
    assert result.returncode != 0
    assert f"{next(iter(change))} must hold a random secret" in result.stderr


def test_a_secret_may_come_from_a_file(tmp_path):
    (tmp_path / "key").write_text(GOOD["AUDIT_KEY"])
    env = {key: value for key, value in GOOD.items() if key != "AUDIT_KEY"}
    assert check(tmp_path, **env, AUDIT_KEY_FILE=str(tmp_path / "key")).returncode == 0


def test_the_embedded_default_makes_its_secrets_once_and_privately(tmp_path):
    show = "from django.conf import settings as s; print(s.SECRET_KEY, s.AUDIT_KEY, s.DEBUG)"
    module = "skinclinic.settings.development"
    first, second = (start(tmp_path, "-c", show, module=module).stdout for _ in range(2))
    assert first == second
    secret, audit, debug = first.split()
    assert secret != audit
    assert debug == "False"
    for name in ("secret.key", "audit.key"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600


def test_every_variable_is_in_the_example_and_every_example_is_read():
    read = set()
    for path in (REPOSITORY / "skinclinic").rglob("*.py"):
        text = path.read_text()
        read |= set(re.findall(r"""env\.\w+\(\s*["']([A-Z_]+)["']""", text))
        read |= set(re.findall(r"""required_secret\("([A-Z_]+)"\)""", text))
    compose = set(re.findall(r"\$\{([A-Z_]+)", (REPOSITORY / "docker-compose.yml").read_text()))
    documented = set(re.findall(r"^([A-Z_]+)=", (REPOSITORY / ".env.example").read_text(), re.MULTILINE))
    assert documented == read | compose


def test_the_environment_is_read_in_settings_only():
    """`os.environ` elsewhere would be a setting that nobody finds."""
    allowed = {"manage.py", "asgi.py", "wsgi.py", "celery.py", "supervisor.py"}  # they name the settings module
    rooms = [path for room in ("skinclinic", "cases") for path in (REPOSITORY / room).rglob("*.py")]
    readers = {path.name for path in rooms if re.search(r"\bos\.(environ|getenv)\b", path.read_text())}
    assert readers <= allowed | {"testing.py"}


@pytest.mark.parametrize("heavy", ["onnxruntime", "torch", "sklearn", "pandas"])
def test_web_processes_stay_light(tmp_path, heavy):
    probe = (
        "import sys, django; django.setup(); from django.urls import get_resolver; get_resolver().url_patterns;"
        f"import skinclinic.celery, cases.tasks; print({heavy!r} in sys.modules)"
    )
    result = start(tmp_path, "-c", probe, module="skinclinic.settings.development")
    assert result.stdout.strip() == "False", result.stderr
