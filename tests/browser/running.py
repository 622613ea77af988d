"""The clinic as `make run` starts it, for a browser to work in."""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.browser.servers import own_broker, own_database
from tests.processes import REPOSITORY, Process, wait_until

SUPERVISOR = [sys.executable, "-m", "skinclinic.supervisor"]
STARTS_WITHIN = 120  # seconds, on a machine that is busy with other things
ENDS_WITHIN = 40
# People that the demo clinic does not have; name, role and password come as arguments, in threes.
_ADD_PEOPLE = """
import sys, django
django.setup()
from cases.models import Clinic
from cases.services.people import add_member
clinic, told = Clinic.objects.get(slug="demo"), sys.argv[1:]
for username, role, password in zip(*[iter(told)] * 3):
    add_member(clinic=clinic, username=username, role=role, password=password)
"""
# A worker that is stopped amid an analysis would hold the database's lock, and whoever submits would wait for it.
_WAIT_FOR_AN_IDLE_WORKER = """
import sys, time, django
django.setup()
from cases.models import Analysis
from cases.states import OPEN_ANALYSIS
end = time.monotonic() + 120
while Analysis.objects.filter(state__in=OPEN_ANALYSIS).exists():
    if time.monotonic() > end:
        sys.exit("The worker did not come to rest.")
    time.sleep(0.2)
"""


class RunningClinic:
    """`url` answers; `logins` maps staff, dermatologist, admin, colleague and auditor to username and password."""

    def __init__(self, process: Process, *, url: str, env: dict[str, str]) -> None:
        self._process, self._env = process, env
        self.url = url
        self.logins = json.loads((Path(env["DATA_DIR"]) / "demo-logins.json").read_text())

    @property
    def log(self) -> str:
        return self._process.output

    def add_people(self, roles: dict[str, str]) -> None:
        """Each key becomes a login with the role beside it."""
        added = {name: {"username": f"demo-{name}", "password": secrets.token_urlsafe(12)} for name in roles}
        told = [word for name, login in added.items() for word in (login["username"], roles[name], login["password"])]
        self._run(_ADD_PEOPLE, *told)
        self.logins |= added

    def fill_queue(self, *, username: str, password: str, count: int) -> None:
        """A second clinic, whose only dermatologist has so many cases to read."""
        self._call("-m", "tests.long_queue", username, password, str(count))

    def _run(self, program: str, *words: str) -> None:
        self._call("-c", program, *words)

    def _call(self, *words: str) -> None:
        command = [sys.executable, *words]
        subprocess.run(command, cwd=REPOSITORY, env=os.environ | self._env, check=True, timeout=180)

    @contextmanager
    def frozen_worker(self) -> Iterator[None]:
        """The worker stands still: what is submitted now stays queued until the block ends."""
        self._run(_WAIT_FOR_AN_IDLE_WORKER)
        (worker,) = [pid for pid in self._process.children() if "--queues=analyses" in _command(pid)]
        os.killpg(worker, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(worker, signal.SIGCONT)


@contextmanager
def running_clinic(folder: Path, *, bundle: Path) -> Iterator[RunningClinic]:
    """Start the supervisor, wait until the first page can be served, and end everything it started."""
    with own_database(folder) as database, own_broker() as broker:
        port = _free_port()
        env = {
            "DJANGO_SETTINGS_MODULE": "skinclinic.settings.development",
            "DATA_DIR": str(folder / "data"),
            "DATABASE_URL": database,
            "CELERY_BROKER_URL": broker,
            "MODEL_BUNDLE": str(bundle),
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "WEB_WORKERS": "1",
            "DEMO_CASES": "10",  # of every kind, and short enough that a test's own cases stay on the first page
        }
        with Process(SUPERVISOR, env, folder / "clinic.log") as process:
            url = f"http://127.0.0.1:{port}"
            _wait_for_first_answer(process, url)
            yield RunningClinic(process, url=url, env=env)
            process.send(signal.SIGTERM)
            assert process.wait(ENDS_WITHIN) == 0, process.output


def _wait_for_first_answer(process: Process, url: str) -> None:
    def answers() -> bool:
        assert process.returncode is None, f"the supervisor ended at once:\n{process.output}"
        try:
            with urllib.request.urlopen(f"{url}/healthz", timeout=2) as answer:  # noqa: S310  our own
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    try:
        wait_until(answers, seconds=STARTS_WITHIN, every=0.2)
    except AssertionError as late:
        raise AssertionError(f"{late}\n{process.output}") from late


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text()
