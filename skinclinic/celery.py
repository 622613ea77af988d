"""The Celery application. What it promises is written in settings/work.py."""

import os
import warnings

from celery import Celery
from celery.platforms import SecurityWarning

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "skinclinic.settings.development")

# Celery warns of root because root may be handed a pickle; these workers accept JSON only.
warnings.filterwarnings("ignore", category=SecurityWarning)

app = Celery("skinclinic")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
