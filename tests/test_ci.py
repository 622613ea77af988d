"""What `.ci/run` could not test, it says where nobody overlooks it."""

import os
import re
import shutil
import subprocess

import pytest

from tests.processes import REPOSITORY


@pytest.fixture
def run_checks(tmp_path):
    """`.ci/run` in a checkout where every `make` passes, with a browser at hand and servers that answer or not."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(REPOSITORY / ".ci" / "run", tmp_path / ".ci" / "run")
    programs, python = tmp_path / "bin", tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    programs.mkdir()

    def run(*, servers_answer, **env):
        for program, exit_code in (
            (programs / "make", 0),
            (programs / "chromium", 0),
            (python, int(not servers_answer)),
        ):
            program.write_text(f"#!/bin/sh\nexit {exit_code}\n")
            program.chmod(0o755)
        clean = {key: value for key, value in os.environ.items() if key != "CI"}
        path = f"{programs}{os.pathsep}{os.environ['PATH']}"
        command = ["bash", ".ci/run"]
        return subprocess.run(
            command, cwd=tmp_path, env={**clean, "PATH": path, **env}, capture_output=True, text=True, check=False
        )

    return run


def test_servers_that_do_not_answer_are_named_at_the_end(run_checks):
    ran = run_checks(servers_answer=False)
    assert ran.returncode == 0
    assert ran.stderr.strip().splitlines()[-1] == "!!! NOT TESTED !!!  PostgreSQL and Redis: they do not answer"


def test_where_the_servers_belong_to_the_checks_their_silence_fails_them(run_checks):
    assert run_checks(servers_answer=False, CI="1").returncode == 1


def test_nothing_is_said_when_all_was_tested(run_checks):
    ran = run_checks(servers_answer=True)
    assert (ran.returncode, "NOT TESTED" in ran.stdout + ran.stderr) == (0, False)


def test_what_is_not_run_again_on_the_servers_knows_nothing_of_them():
    left_out = re.findall(r"--ignore=(\S+?)\"?\s", (REPOSITORY / ".ci" / "run").read_text())
    files = [file for folder in left_out for file in (REPOSITORY / folder).rglob("*.py")]
    tests = [file for file in files if file.name.startswith(("test_", "conftest"))]
    assert len(tests) > 50
    knows = re.compile(r"^\s*(from|import) (django|cases|skinclinic|celery|redis|psycopg2)\b|django_db", re.MULTILINE)
    assert [file.name for file in tests if knows.search(file.read_text())] == []
