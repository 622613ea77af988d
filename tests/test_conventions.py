"""House rules as code: what a reviewer would otherwise have to remember."""

import ast
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from celery import current_app
from django.apps import apps
from django.conf import settings
from django.db import models
from django.urls import URLPattern, URLResolver, get_resolver

from cases.permissions import ACTS
from tests.processes import REPOSITORY

ROOMS = ("skinclinic", "cases", "inference", "training")
AT_THE_ROOT = {
    "manage.py", *ROOMS, "templates", "tests", "docker-compose.yml", "requirements.txt", "README.md", "Dockerfile",
    "pyproject.toml", "Makefile", ".env.example", ".importlinter", ".pre-commit-config.yaml", "CHANGELOG.md",
    "CONTRIBUTING.md", "LICENSE", "requirements", "docs", "static", "models", ".ci", ".gitignore", ".dockerignore",
    ".gitattributes",
}  # fmt: skip

# Addresses without an act in the table of permissions, each with the reason.
WITHOUT_AN_ACT = {
    "healthz": "says nothing private",
    "readyz": "says nothing private",
    "accounts/login/": "where people come from",
    "accounts/logout/": "ends the caller's own session",
    "accounts/inactive/": "says that a login is closed",
    "accounts/signup/": "says that sign-up is closed",
    "accounts/reauthenticate/": "allauth asks for a session",
    "accounts/password/change/": "allauth asks for a session",
    "api/schema/": "the same for everybody",
    "api/docs/": "the same for everybody",
    "api/v1/auth/token/": "takes a password",
    "api/v1/": "answers 404 for any other address",
}


def sources(*rooms):
    for room in rooms:
        yield from (path for path in (REPOSITORY / room).rglob("*.py") if "migrations" not in path.parts)


def trees(*rooms):
    return [(path, ast.parse(path.read_text())) for path in sources(*rooms)]


def test_nothing_unexpected_lies_at_the_root():
    listed = REPOSITORY / ".git"
    if not listed.exists():
        pytest.skip("not a git checkout")
    tracked = subprocess.run(["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    assert {line.split("/")[0] for line in tracked.splitlines()} <= AT_THE_ROOT


# ── tasks ────────────────────────────────────────────────────────────────────────────────────────


def own_tasks():
    current_app.loader.import_default_modules()
    return [task for name, task in current_app.tasks.items() if not name.startswith("celery.")]


def test_every_task_has_time_limits_and_is_acknowledged_late():
    assert own_tasks()
    for task in own_tasks():
        assert task.soft_time_limit, task.name
        assert task.soft_time_limit < task.time_limit, task.name
        assert task.acks_late, task.name
        assert task.reject_on_worker_lost, task.name
        assert task.ignore_result, task.name


def test_no_task_outlives_the_brokers_patience():
    from skinclinic.settings import work

    visibility = int(max(work.EXPLANATION_TIME_LIMIT, work.ANALYSIS_TIME_LIMIT)) + 60
    assert all(task.time_limit < visibility for task in own_tasks())
    assert settings.CELERY_RESULT_BACKEND is None
    assert settings.CELERY_ACCEPT_CONTENT == ["json"]
    assert settings.CELERY_WORKER_PREFETCH_MULTIPLIER == 1


def test_every_task_takes_an_id_only_and_calls_one_service():
    for task in own_tasks():
        tree = next(node for path, tree in trees("cases") for node in tree.body if _is_function(node, task.name))
        assert len(tree.args.args) == 1, task.name
        calls = [node for node in ast.walk(ast.Module(tree.body, [])) if isinstance(node, ast.Call)]
        assert len(calls) == 1, task.name


def test_messages_are_sent_on_commit_and_from_one_place():
    """`.delay()` inside a transaction wakes a worker for a row that is not there yet."""
    senders = {
        path.relative_to(REPOSITORY).as_posix()
        for path, tree in trees("cases", "skinclinic")
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in ("delay", "apply_async", "send_task")
    }
    assert senders == {"cases/workflows.py"}
    workflows = (REPOSITORY / "cases" / "workflows.py").read_text()
    publishing = re.findall(r"^(.*publish_analysis\(?.*)$", workflows, re.MULTILINE)
    outside = [line for line in publishing if "on_commit" not in line and "def " not in line]
    # The sweeper publishes rows that were committed long ago.
    assert [line.strip() for line in outside] == ["if not publish_analysis(pk):"]


# ── models ───────────────────────────────────────────────────────────────────────────────────────


def own_models():
    return apps.get_app_config("cases").get_models()


def test_every_relation_names_its_way_back_and_protects_its_target():
    for model in own_models():
        for field in model._meta.local_fields:
            if field.is_relation:
                where = f"{model.__name__}.{field.name}"
                assert field._related_name, f"{where} has no related_name"
                assert field.remote_field.on_delete is models.PROTECT, f"{where}: clinical facts are never deleted"


def test_public_ids_are_uuids():
    from cases.models import AuditChain

    assert {m for m in own_models() if not isinstance(m._meta.pk, models.UUIDField)} == {AuditChain}


def test_every_coded_field_is_known_to_the_database_too():
    """A field with choices has a check constraint of the same words."""
    free = {"actor_role", "action", "network_diagnosis"}  # kept for good, also when the words change
    for model in own_models():
        checked = " ".join(str(constraint.condition) for constraint in _checks(model))
        for field in model._meta.local_fields:
            if field.choices and field.name not in free:
                assert f"{field.name}__in" in checked, f"{model.__name__}.{field.name}"


def test_every_constraint_has_a_name_of_its_own():
    names = [constraint.name for model in own_models() for constraint in model._meta.constraints]
    assert len(names) == len(set(names))
    assert not [name for name in names if "%" in name]


def _checks(model):
    return [constraint for constraint in model._meta.constraints if isinstance(constraint, models.CheckConstraint)]


# ── routes ───────────────────────────────────────────────────────────────────────────────────────


def routes(patterns=None, prefix=""):
    for entry in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from routes(entry.url_patterns, route)
        elif isinstance(entry, URLPattern):
            yield route, entry


def stated_acts(view):
    """The acts of a page (`@requires`) or of an endpoint (`acts`, one per method)."""
    page = getattr(view, "access", None)
    endpoint = getattr(getattr(view, "cls", None), "acts", {})
    return [page] if page else list(endpoint.values())


def test_every_address_states_who_may_call_it():
    seen = set()
    for route, entry in routes():
        acts = stated_acts(entry.callback)
        assert bool(acts) != (route in WITHOUT_AN_ACT), f"{route} states no act"
        assert set(acts) <= set(ACTS), route
        seen.add(route)
    assert set(WITHOUT_AN_ACT) <= seen, "an exception outlived its address"


def test_every_endpoint_states_an_act_for_each_method_it_has():
    for route, entry in routes():
        endpoint = getattr(entry.callback, "cls", None)
        if endpoint is not None and route not in WITHOUT_AN_ACT:
            methods = {
                method.upper() for method in ("get", "post", "put", "patch", "delete") if hasattr(endpoint, method)
            }
            assert methods == set(endpoint.acts), route


def test_every_address_carries_random_ids_only():
    for route, _ in routes():
        converters = re.findall(r"<(?:(\w+):)?(\w+)>", route)
        for kind, name in converters:
            allowed = {"uuid"} | ({"str", "slug"} if name in {"diagnosis", "code", "rest"} else set())
            assert kind in allowed | {"path"}, route
        assert not re.search(r"\(\?P<(pk|id)>\\d", route), route


# ── style ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("room", [*ROOMS, "tests"])
def test_no_file_is_too_long_to_read(room):
    # 300 lines is the question; a generated migration is not read.
    long = {path.relative_to(REPOSITORY).as_posix(): n for path in sources(room) if (n := _lines(path)) > 400}
    assert not long


@pytest.mark.parametrize("room", ROOMS)
def test_no_function_is_too_long_to_read(room):
    long = [
        f"{path.relative_to(REPOSITORY)}:{node.lineno} {node.name}"
        for path, tree in trees(room)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.end_lineno - node.lineno - _docstring_lines(node) > 50
    ]
    assert not long


def test_there_is_no_drawer():
    """A module named for nothing collects everything."""
    drawers = {"utils", "helpers", "common", "misc"}
    assert not [path for path in sources(*ROOMS) if path.stem in drawers or set(path.parts) & drawers]


def test_templates_hold_no_inline_script_nor_style():
    """The Content-Security-Policy would refuse them."""
    inline = re.compile(
        r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")|<style|\son\w+=|\sstyle=|javascript:"
    )
    for path in (REPOSITORY / "templates").rglob("*.html"):
        found = inline.search(path.read_text())
        assert not found, f"{path.relative_to(REPOSITORY)}: {found.group()}"


def test_nothing_is_loaded_from_elsewhere():
    elsewhere = re.compile(r"""(?:src|href|action)=["'](?:https?:)?//|url\(["']?(?:https?:)?//|@import""")
    for folder in ("templates", "static"):
        for path in (REPOSITORY / folder).rglob("*"):
            if path.suffix in {".html", ".css", ".js"}:
                assert not elsewhere.search(path.read_text()), path.relative_to(REPOSITORY)


def test_compose_has_what_production_needs_and_no_secret():
    text = (REPOSITORY / "docker-compose.yml").read_text()
    services = yaml.safe_load(text)["services"]
    assert set(services) == {"web", "worker", "explainer", "sweeper", "migrate", "postgres", "redis"}
    for name, service in services.items():
        one_shot = name == "migrate"
        inherits_from_the_image = name == "web"
        assert one_shot or inherits_from_the_image or "test" in service["healthcheck"], name
    for secret in ("DJANGO_SECRET_KEY", "AUDIT_KEY", "POSTGRES_PASSWORD"):
        assert re.findall(rf"{secret}[^$\n]*\$\{{{secret}:\?", text), secret
    assert not re.search(r"(PASSWORD|KEY|SECRET): *[\"']?[A-Za-z0-9]", text)


def test_the_serving_requirements_hold_no_torch():
    serve = (REPOSITORY / "requirements" / "serve.txt").read_text()
    assert not re.search(r"^(torch|lightning|scikit)", serve, re.MULTILINE)
    assert "kombu>=5.7.0" in serve


def _is_function(node, task_name):
    return isinstance(node, ast.FunctionDef) and any(
        task_name in ast.unparse(decorator) for decorator in node.decorator_list
    )


def _lines(path: Path) -> int:
    return path.read_text().count("\n")


def _docstring_lines(node: ast.FunctionDef) -> int:
    return (ast.get_docstring(node) or "").count("\n") + 1
