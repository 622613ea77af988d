"""`make run`, for real: it serves, works, comes back, and ends."""

import json
import os
import re
import signal
import socket
import sqlite3
import sys
import time
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest

from skinclinic.children import Child
from skinclinic.supervisor import greet
from tests.bundles import build_tiny_bundle
from tests.processes import Process, wait_until

pytestmark = pytest.mark.work

SUPERVISOR = [sys.executable, "-m", "skinclinic.supervisor"]


def free_port():
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def clinic(tmp_path):
    """What `make run` starts, on a fresh data folder with the tiny network."""
    build_tiny_bundle(tmp_path / "models" / "tiny-0.0")
    env = {
        "DJANGO_SETTINGS_MODULE": "skinclinic.settings.development",
        "DATA_DIR": str(tmp_path / "var"),
        "MODELS_DIR": str(tmp_path / "models"),
        "PORT": str(free_port()),
        "DATABASE_URL": "",
        "CELERY_BROKER_URL": "",
        "WEB_WORKERS": "1",
    }
    number = iter(range(9))

    def start():
        return Process(SUPERVISOR, env, tmp_path / f"run-{next(number)}.log")

    start.port, start.data, start.env = env["PORT"], tmp_path / "var", env
    return start


def answer(port, path="/healthz"):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2) as response:
            return response.status
    except OSError:
        return None


def command_of(pid):
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()


def child_of(run, word):
    return next(pid for pid in run.children() if word in command_of(pid))


def ended_analyses(data):
    with closing(sqlite3.connect(data / "db.sqlite3")) as database:
        return database.execute("select count(*) from cases_analysis where finished_at is not null").fetchone()[0]


def test_it_serves_works_comes_back_and_ends(clinic):
    with clinic() as run:
        wait_until(lambda: "is ready" in run.output, seconds=120)
        logins = json.loads((clinic.data / "demo-logins.json").read_text())
        assert f"http://127.0.0.1:{clinic.port}/" in run.output
        assert all(login["password"] in run.output for login in logins.values())
        wait_until(lambda: ended_analyses(clinic.data) == 43, seconds=120)

        for word in ("gunicorn", "--queues=analyses", "--queues=explanations", "sweep"):
            before = child_of(run, word)
            os.kill(before, signal.SIGKILL)
            wait_until(lambda word=word, before=before: _another(run, word, before), seconds=60)
        wait_until(lambda: answer(clinic.port) == 200)

        everyone = [*run.children(), *(grandchild for child in run.children() for grandchild in _children(child))]
        run.send(signal.SIGTERM)
        assert run.wait(40) == 0
        wait_until(lambda: not any(map(_is_alive, everyone)), seconds=10)
    assert answer(clinic.port) is None
    assert {path.name for path in clinic.data.iterdir()} >= {"db.sqlite3", "media", "broker", "demo-logins.json"}
    assert all(path.stat().st_mode & 0o077 == 0 for path in clinic.data.rglob("*"))

    with clinic() as again:
        wait_until(lambda: "is ready" in again.output, seconds=60)
        assert json.loads((clinic.data / "demo-logins.json").read_text()) == logins
        assert ended_analyses(clinic.data) == 43
        again.send(signal.SIGINT)
        assert again.wait(40) == 0


def test_when_it_is_killed_its_children_end_too(clinic):
    with clinic() as run:
        wait_until(lambda: "is ready" in run.output, seconds=120)
        children = run.children()
        assert len(children) >= 4  # web, worker, explainer, sweeper
        assert all(map(_is_alive, children))
        os.kill(run.pid, signal.SIGKILL)
        wait_until(lambda: not any(map(_is_alive, children)), seconds=40)


def test_a_port_in_use_is_said_before_anything_starts(clinic, tmp_path):
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", int(clinic.port)))
        taken.listen()
        with clinic() as run:
            assert run.wait(60) == 1
    assert re.search(rf"Port {clinic.port} is in use.*PORT=\d+", run.output)
    assert not (clinic.data / "db.sqlite3").exists()


def test_one_data_folder_has_one_supervisor(clinic):
    import fcntl

    clinic.data.mkdir()
    with (clinic.data / "supervisor.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with clinic() as run:
            assert run.wait(60) == 1
    assert "already runs" in run.output


def test_a_child_that_dies_young_waits_longer_each_time(caplog):
    child = Child("brief", [sys.executable, "-c", "pass"])
    starts, deadline = [], time.monotonic() + 30
    while len(starts) < 3 and time.monotonic() < deadline:
        child.tend()
        if child.pid and (not starts or starts[-1][0] != child.pid):
            starts.append((child.pid, time.monotonic()))
        time.sleep(0.01)
    child.end(deadline=time.monotonic())
    (_, first), (_, second), (_, third) = starts
    assert second - first >= 1
    assert third - second >= 2


@pytest.mark.parametrize(("status", "starts"), [(0, 1), (1, 3)])
def test_what_is_to_be_done_once_is_started_again_a_few_times_where_it_fails(tmp_path, status, starts):
    log = tmp_path / "starts"
    once = f"import sys; open({str(log)!r}, 'a').write('x'); sys.exit({status})"
    child, deadline = Child("once", [sys.executable, "-c", once], once=True), time.monotonic() + 30
    while not child.is_done and time.monotonic() < deadline:
        child.tend()
        time.sleep(0.01)
    child.end(deadline=time.monotonic())
    assert (len(log.read_text()), child.is_done) == (starts, True)


def test_a_child_that_does_not_listen_is_ended(caplog):
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('x', flush=True); time.sleep(60)"
    child = Child("deaf", [sys.executable, "-c", deaf])
    child.start()
    pid = child.pid
    time.sleep(0.5)
    child.ask_to_end()
    child.end(deadline=time.monotonic() + 0.5)
    assert not _is_alive(pid)


def _another(run, word, before):
    return any(pid != before and word in command_of(pid) for pid in run.children())


def _children(pid):
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def _is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(")")[-1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize(
    ("database", "told"),
    [
        ({"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}, False),
        ({"ENGINE": "django.db.backends.postgresql", "NAME": "west", "HOST": "db.test", "PASSWORD": "hidden"}, True),
    ],
)
def test_on_a_servers_database_it_says_that_it_is_the_demo(capsys, database, told):
    greet("http://127.0.0.1:8000/", {}, database)
    output = capsys.readouterr().out
    assert ("This is the DEMO" in output, "west on db.test" in output) == (told, told)
    assert "hidden" not in output
