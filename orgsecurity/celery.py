"""Celery: beat wakes what rows wait for; no task carries what a row does not."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import prometheus_client
from celery import Celery
from celery.signals import setup_logging, worker_ready
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orgsecurity.settings")

app = Celery("orgsecurity")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def _keep_djangos_logging(**_: object) -> None:
    """Celery sets up no logging of its own where this signal has a receiver."""


@worker_ready.connect
def _serve_metrics(**_: object) -> None:
    """Answer Prometheus here too: a worker counts for itself, and web's /metrics can't see it."""
    if settings.WORKER_METRICS_PORT:
        prometheus_client.start_http_server(settings.WORKER_METRICS_PORT)


@app.on_after_configure.connect
def _make_folders(source: dict[str, Any], **_: object) -> None:
    """Not at import: the launcher is of this package, and starts before there are settings."""
    options = source.get("broker_transport_options") or {}
    for folder in ("data_folder_in", "control_folder"):
        if folder in options:
            Path(options[folder]).mkdir(parents=True, exist_ok=True)
