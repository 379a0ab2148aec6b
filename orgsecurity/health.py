"""What a load balancer and a monitor ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

import prometheus_client
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpResponse, HttpResponseNotFound, JsonResponse
from django.views.decorators.http import require_GET

if TYPE_CHECKING:
    from django.http import HttpRequest


@require_GET
def healthz(request: HttpRequest) -> HttpResponse:
    """Say that this process answers; asks nothing of others, so that it restarts nobody else."""
    return JsonResponse({"status": "ok"})


@require_GET
def readyz(request: HttpRequest) -> HttpResponse:
    """Say whether the database answers and every migration has run."""
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return JsonResponse({"status": "unavailable", "reason": "database"}, status=503)
    if waiting:
        return JsonResponse({"status": "unavailable", "reason": "migrations"}, status=503)
    return JsonResponse({"status": "ok"})


@require_GET
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer Prometheus, to whoever holds METRICS_TOKEN; while DEBUG to everybody."""
    token = settings.METRICS_TOKEN
    given = request.headers.get("Authorization", "")
    if not settings.DEBUG and (not token or given != f"Bearer {token}"):
        return HttpResponseNotFound()
    return HttpResponse(
        prometheus_client.generate_latest(), content_type=prometheus_client.CONTENT_TYPE_LATEST
    )
