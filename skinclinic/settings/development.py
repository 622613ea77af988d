"""The embedded default behind `make run`: one machine, one data folder, SQLite and a file broker."""

from skinclinic.settings.base import *
from skinclinic.settings.base import DATA_DIR
from skinclinic.settings.environment import env, kept_secret

DEBUG = env.bool("DJANGO_DEBUG", default=False)
SECRET_KEY = env.str("DJANGO_SECRET_KEY", default="") or kept_secret(DATA_DIR, "secret.key")
AUDIT_KEY = env.str("AUDIT_KEY", default="") or kept_secret(DATA_DIR, "audit.key")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

# No collectstatic on the way to the first page: files are served from where they are.
WHITENOISE_USE_FINDERS = True
STATIC_ROOT = None
