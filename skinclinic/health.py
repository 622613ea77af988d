"""Is the process alive, and can it do its work? Both answer without a session and say nothing private."""

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from cases.services.queue import triggers_are_on


@login_not_required
@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


@login_not_required
@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """The database has the schema of this release, the queue follows the cases, the media folder takes files."""
    checks = {
        "database": _passes(_database_is_current),
        "queue": _passes(triggers_are_on),
        "media": _passes(_media_is_writable),
    }
    ready = all(checks.values())
    return JsonResponse({"status": "ready" if ready else "not ready", "checks": checks}, status=200 if ready else 503)


def _passes(check: Callable[[], bool]) -> bool:
    try:
        return check()
    except (Error, OSError):
        return False


def _database_is_current() -> bool:
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def _media_is_writable() -> bool:
    storage = FileSystemStorage(location=settings.MEDIA_ROOT)
    storage.delete(storage.save(".ready", ContentFile(b"ready")))
    return True
