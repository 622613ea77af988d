"""For the test suite: SQLite in a file by default; DATABASE_URL and CELERY_BROKER_URL choose other servers."""

import os
import tempfile
from pathlib import Path

from skinclinic.settings.sharing import take_share

_FOLDER = Path(tempfile.mkdtemp(prefix="skinclinic-tests-"))
take_share(os.environ, _FOLDER)

from skinclinic.settings.base import *  # noqa: E402
from skinclinic.settings.base import DATABASES  # noqa: E402
from skinclinic.settings.environment import env  # noqa: E402

DEBUG = False
SECRET_KEY = "for-tests-only-" + "k" * 40
AUDIT_KEY = "for-tests-only-" + "a" * 40
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
WHITENOISE_USE_FINDERS = True
STATIC_ROOT = _FOLDER / "static"  # empty but there: nothing is collected for a test
STATIC_ROOT.mkdir()
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # In a file, not in memory: threads and worker processes must meet the same database.
    DATABASES["default"]["TEST"] = {"NAME": str(_FOLDER / "test.sqlite3")}
# No test counts the sign-ins of another.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
# In-process by default; tests about work start their own workers on a real broker.
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="memory://")
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {"polling_interval": 0.1} if CELERY_BROKER_URL.startswith("memory") else CELERY_BROKER_TRANSPORT_OPTIONS
)
