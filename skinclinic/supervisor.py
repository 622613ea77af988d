"""`make run`: the whole clinic on one machine. Web, worker and sweeper under one parent, SQLite and a file broker.

PORT, HOST and DATA_DIR are honoured; Ctrl-C or SIGTERM ends everything; a child that dies is started again.
"""

import fcntl
import logging
import os
import signal
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO, Any

import django
from django.conf import settings
from django.core.management import call_command

from skinclinic.children import Child
from skinclinic.settings.environment import env

logger = logging.getLogger(__name__)

_GRACE = 20.0  # seconds for the children to finish what they are doing
_TEND_EVERY = 0.5


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "skinclinic.settings.development")
    os.umask(0o077)  # whatever is written into the data folder is the owner's alone
    host, port = env.str("HOST", default="127.0.0.1"), env.int("PORT", default=8000)
    django.setup()
    lock = _sole_supervisor(Path(settings.DATA_DIR))
    if lock is None:
        return _refuse(f"SkinClinic already runs on the data folder {settings.DATA_DIR}.")
    if not _is_free(host, port):
        return _refuse(f"Port {port} is in use. Choose another: make run PORT={port + 1}")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    logins = prepare()
    _run(
        children(host, port),
        stop,
        greeting=lambda: greet(f"http://{_shown(host)}:{port}/", logins, settings.DATABASES["default"]),
    )
    return 0


def prepare() -> dict[str, dict[str, str]]:
    """Schema, demo clinic, network and first cases; harmless to repeat. Returns the logins."""
    call_command("migrate", verbosity=0, interactive=False)
    from cases.demo.clinic import ensure_demo_clinic, ensure_model
    from cases.demo.loading import load_day
    from cases.errors import DomainError

    clinic, logins = ensure_demo_clinic()
    try:
        ensure_model(clinic)
    except DomainError as error:
        logger.warning("No network answers: %s Cases go straight to the dermatologist.", error)
    load_day(clinic, count=max(0, env.int("DEMO_CASES", default=43)))
    return logins


def children(host: str, port: int) -> list[Child]:
    """What runs: web, worker, explainer, sweeper, and once the story of the demo clinic.

    The explainer stands back: analyses and pages go first.
    """
    python = [sys.executable, "-m"]
    web = ["gunicorn", "skinclinic.wsgi", f"--bind={host}:{port}", "--worker-class=gthread"]
    size = [f"--workers={env.int('WEB_WORKERS', default=2)}", f"--threads={env.int('WEB_THREADS', default=8)}"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel=WARNING"]
    celery = [*python, "celery", "--app=skinclinic", "--quiet", "worker", *quiet]
    explainer = [*celery, f"--queues={settings.EXPLANATION_QUEUE}", "--concurrency=1", "--hostname=explainer@%h"]
    return [
        Child("web", [*python, *web, *size, "--graceful-timeout=10", "--log-level=warning"]),
        Child("worker", [*celery, "--queues=analyses"]),
        Child("explainer", ["nice", *explainer]),
        Child("sweeper", [sys.executable, "manage.py", "sweep"]),
        Child("story", ["nice", sys.executable, "manage.py", "demo", "--story"], once=True),
    ]


def greet(address: str, logins: dict[str, dict[str, str]], database: dict[str, Any]) -> None:
    """Where it is, and who may sign in. On a server's database, it says that this is no way to run a clinic."""
    lines = [f"  {role:15} {login['username']:20} {login['password']}" for role, login in logins.items()]
    if not database["ENGINE"].endswith("sqlite3"):
        lines += [
            "\nThis is the DEMO, on development settings.",
            f"Its clinic and logins stand in the database {database['NAME']} on {database['HOST']}.",
            "For a clinic's own server, see “On servers” in docs/operations.md.",
        ]
    print(f"\nSkinClinic is ready: {address}\n", *lines, "\nCtrl-C ends it.\n", sep="\n", flush=True)


def _run(kept: list[Child], stop: threading.Event, greeting) -> None:
    greeted = False
    try:
        while not stop.is_set():
            for child in kept:
                child.tend()
            if not greeted and _answers(kept[0]):
                greeting()
                greeted = True
            stop.wait(_TEND_EVERY if greeted else 0.1)
    finally:
        for child in kept:
            child.ask_to_end()
        deadline = time.monotonic() + _GRACE
        for child in kept:
            child.end(deadline=deadline)


def _answers(web: Child) -> bool:
    address = next(part.removeprefix("--bind=") for part in web.command if part.startswith("--bind="))
    host, _, port = address.rpartition(":")
    try:
        with urllib.request.urlopen(f"http://{_shown(host)}:{port}/healthz", timeout=1) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def _shown(host: str) -> str:
    return "127.0.0.1" if host in ("0.0.0.0", "") else host  # noqa: S104  a comparison, not a bind


def _is_free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _sole_supervisor(folder: Path) -> IO[str] | None:
    """A lock that ends with the process, so that a crash never has to be cleaned up after."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = (folder / "supervisor.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return None
    return lock


def _refuse(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
