"""What somebody writes into .env reaches the processes that docker compose starts, and breaks none of them."""

import re

import pytest
import yaml

from tests.processes import REPOSITORY

COMPOSE = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())["services"]
CLINIC = ["web", "worker", "explainer", "sweeper", "migrate"]


@pytest.mark.parametrize("name", CLINIC)
def test_the_clinic_reads_dotenv_if_there_is_one(name):
    assert COMPOSE[name]["env_file"] == [{"path": ".env", "required": False}]


@pytest.mark.parametrize("name", ["postgres", "redis"])
def test_nobody_else_gets_the_clinics_secrets(name):
    assert "env_file" not in COMPOSE[name]
    assert not {"DJANGO_SECRET_KEY", "AUDIT_KEY"} & set(COMPOSE[name].get("environment", {}))


@pytest.mark.parametrize("name", CLINIC)
def test_a_copied_example_leaves_the_containers_own_places_alone(name):
    """.env.example names folders of a checkout; the container's file system is read-only but for its volume."""
    environment = COMPOSE[name]["environment"]
    image = (REPOSITORY / "Dockerfile").read_text()
    for variable in ("DATA_DIR", "STATIC_ROOT"):
        assert re.search(rf"^ENV .*\b{variable}={environment[variable]}\b", image, re.MULTILINE), variable
    assert environment["MODELS_DIR"] == "/app/models"
    assert COMPOSE[name]["volumes"] == [f"data:{environment['DATA_DIR']}"]
    assert {"DATABASE_URL", "CELERY_BROKER_URL", "DJANGO_SETTINGS_MODULE"} <= set(environment)


def test_the_sizes_of_web_and_worker_follow_their_settings():
    for variable in ("WEB_WORKERS", "WEB_THREADS"):
        assert f"${{{variable}:-" in COMPOSE["web"]["command"]
    assert "${WORKER_CONCURRENCY:-" in COMPOSE["worker"]["command"]
