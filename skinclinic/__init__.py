"""Wiring only: settings, urls, Celery app, wsgi, and the supervisor behind `make run`."""

from skinclinic.celery import app as celery_app

__all__ = ["celery_app"]
