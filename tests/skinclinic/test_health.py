"""Alive is not the same as ready."""

import pytest
from django.db import DatabaseError, connection

from cases import queue_triggers
from skinclinic import health

pytestmark = pytest.mark.django_db


def test_alive_and_ready(client, media):
    assert client.get("/healthz").json() == {"status": "ok"}
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]) == (200, {"database": True, "queue": True, "media": True})
    assert not any(media.iterdir())


def test_not_ready_while_the_database_is_away(client, media, monkeypatch):
    def away():
        raise DatabaseError("gone, and here is its password")

    monkeypatch.setattr(health, "_database_is_current", away)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["database"]) == (503, False)
    assert b"password" not in answer.content


def test_not_ready_while_the_queue_does_not_follow_the_cases(client, media):
    queue_triggers.uninstall(connection)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["queue"]) == (503, False)


def test_not_ready_while_the_disk_takes_nothing(client, settings, tmp_path):
    (tmp_path / "a file").write_text("where the folder should be")
    settings.MEDIA_ROOT = tmp_path / "a file"
    assert client.get("/readyz").json()["checks"]["media"] is False


def test_probes_answer_reading_only(client):
    assert client.post("/healthz").status_code == 405
