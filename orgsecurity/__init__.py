"""Wiring: settings, URLs, Celery, WSGI. No product logic."""

from orgsecurity.celery import app as celery_app

__all__ = ["celery_app"]
